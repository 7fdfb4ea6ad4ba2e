"""The C library's allocator."""

from __future__ import annotations

import ctypes
import sys
from typing import Final

#: Parameters of glibc's `mallopt`, as its header numbers them, and their values in bytes. Arrays of a batch are
#: smaller than the second; at most the first stays with the process though nothing uses it.
_OPTIONS: Final = {"M_TRIM_THRESHOLD": (-1, 64 << 20), "M_MMAP_THRESHOLD": (-3, 32 << 20)}


def keep_freed_memory() -> bool:
    """Make the allocator keep what a batch has freed for the next one; return whether it does.

    By default glibc hands large blocks back to the system, and each page of a new one costs a page fault. Other C
    libraries are left as they are.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    return mallopt is not None and all(mallopt(*option) == 1 for option in _OPTIONS.values())
