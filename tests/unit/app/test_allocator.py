"""Memory that is freed and taken again costs no page faults."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

FAULTS = """
import resource
from stream_monitor.app.allocator import keep_freed_memory

if {is_kept}:
    assert keep_freed_memory()

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        blocks = [bytearray(12 << 20) for _ in range(2)]
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

faults()
print(faults())
"""


def _faults(is_kept: bool) -> int:
    program = [sys.executable, "-c", FAULTS.format(is_kept=is_kept)]
    return int(subprocess.run(program, capture_output=True, text=True, check=True).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc's allocator is told")
def test_freed_memory_is_kept_for_the_next_batch() -> None:
    assert _faults(is_kept=True) * 4 < _faults(is_kept=False)
