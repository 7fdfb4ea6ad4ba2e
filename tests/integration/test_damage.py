"""A state that can't be written, or is corrupt: an intact state is restored, or the end is a one-line error."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from stream_monitor.core.errors import BadState
from tests.integration.conftest import Begin
from tests.integration.lives import Ending, Lives, assert_same
from tests.integration.sidecar import Sidecar

#: Maximum file size in bytes, where no disk can be filled; the write-ahead log reaches it.
LIMITED = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({0}, {0}))"
OTHER_RIVER = """
import importlib.metadata as metadata
version = metadata.version
metadata.version = lambda name: "0.0.1" if name == "river" else version(name)
"""
OTHER_FORMAT = """
from stream_monitor.state import checkpoint, rocksdb
rocksdb.FORMAT += 1
checkpoint.FORMAT += 1
rocksdb._HEADER = bytes([rocksdb.FORMAT])
"""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Yield a disk of 96 MiB, where one can be mounted; else a directory."""
    mounted = not subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=96m", "tmpfs", tmp_path], capture_output=True, check=False
    ).returncode
    yield tmp_path
    if mounted:
        subprocess.run(["umount", "--lazy", tmp_path], check=True)


def fill(directory: Path) -> Path:
    """Fill the disk by a file."""
    path = directory / "filler"
    with path.open("wb", buffering=0) as filler, suppress(OSError):
        while filler.write(bytes(1 << 16)):
            pass
    return path


def test_a_full_disk_ends_it_with_one_line_and_with_room_it_goes_on(
    begin: Begin, reference: Ending, disk: Path
) -> None:
    lives = begin("full")
    if os.path.ismount(disk):
        lives.state_dir = disk / "state"
        code, said = lives.fail(spoil=lambda: fill(disk))
        (disk / "filler").unlink()
        assert "No space left" in said
    else:
        code, said = lives.fail(spoil=lambda: None, first=LIMITED.format(1_000_000))
    assert code == 1
    assert said.startswith(f"Error: --state-dir: can't write to {lives.state_dir}: ")
    assert_same(lives.finish(), reference)


def test_a_file_that_may_not_grow_is_the_same(begin: Begin, reference: Ending) -> None:
    """A half-written checkpoint is not restored; tried at two sizes."""
    lives = begin("limited")
    for more in (0, 12_345):
        code, said = lives.fail(spoil=lambda: None, first=LIMITED.format(500_000 + more))
        assert code == 1
        assert said.startswith("Error: --state-dir: can't write to ")
    assert_same(lives.finish(), reference)


def killed(begin: Begin, name: str, lives: int = 1) -> Lives:
    """Return a sidecar killed after this many lives, each of which has written some checkpoints."""
    killed = begin(name)
    for _ in range(lives):
        killed.live_until("committed:12")
    killed.forget_counters()
    return killed


def newest(directory: Path, pattern: str) -> Path:
    """Return the file written last that is not empty."""
    return max(
        (path for path in directory.rglob(pattern) if path.stat().st_size), key=lambda path: path.stat().st_mtime_ns
    )


def truncate(path: Path, share: float) -> None:
    os.truncate(path, int(path.stat().st_size * share))


def flip(path: Path, share: float) -> None:
    """Flip one byte."""
    whole = bytearray(path.read_bytes())
    whole[int(len(whole) * share)] ^= 0xFF
    path.write_bytes(whole)


@pytest.mark.parametrize("share", [0.3, 0.999])
def test_a_torn_log_costs_the_last_checkpoints_and_nothing_else(
    begin: Begin, reference: Ending, share: float
) -> None:
    """The checkpoint before is restored, at its own position, although a later one is committed."""
    lives = killed(begin, f"torn-{share}")
    truncate(newest(lives.state_dir, "[0-9]*.log"), share)
    assert_same(lives.finish(), reference)


@pytest.mark.parametrize(("pattern", "lives"), [("[0-9]*.log", 1), ("*.sst", 3)], ids=["log", "table"])
@pytest.mark.parametrize("share", [0.3, 0.98])
def test_a_flipped_byte_is_refused_or_harms_nothing(
    begin: Begin, reference: Ending, pattern: str, lives: int, share: float
) -> None:
    """The state is refused, or an intact, maybe earlier, one is restored."""
    damaged = killed(begin, f"turned-{pattern[-3:]}-{share}", lives)
    path = newest(damaged.state_dir, pattern)
    flip(path, share)
    try:
        ending = damaged.finish()
    except (AssertionError, OSError, BadState):  # found by it, or by the test that reads all: the next start says why
        code, said = refusal(damaged)
        assert (code, "is corrupt" in said) == (2, True)
        assert_set_aside(damaged)
        assert list(damaged.state_dir.glob(f"set-aside-*/**/{path.name}"))
    else:
        assert_same(ending, reference)


@pytest.mark.parametrize(
    ("other", "why"), [(OTHER_RIVER, "river 0.0.1"), (OTHER_FORMAT, "format")], ids=["river", "format"]
)
def test_a_state_of_another_version_is_refused_or_set_aside(begin: Begin, other: str, why: str) -> None:
    lives = begin("other-" + why.split()[0])
    with lives.born(first=other) as sidecar:
        sidecar.wait_for_records(500)
        sidecar.stop()
    lives.forget_counters()
    code, said = refusal(lives)
    assert code == 2
    assert why in said
    assert_set_aside(lives)


def refusal(lives: Lives) -> tuple[int, str]:
    """Return the error, which names the directory and the flag, and sets nothing aside."""
    code, said = lives.fail()
    assert said.startswith(f"Error: --state-dir: {lives.state_dir} ")
    assert "--on-bad-state reset" in said
    assert not list(lives.state_dir.glob("set-aside-*"))
    return code, said


def assert_set_aside(lives: Lives) -> None:
    """Assert that with ``reset`` the state is kept under another name, and the new one can be restored."""
    lives.forget_counters()
    lives.drifts.clear()
    with lives.born("--on-bad-state", "reset") as sidecar:
        assert lives.progress[-1] == 0
        sidecar.wait_for_line("set aside")
        read_to_the_end(sidecar)
        sidecar.stop()
    [aside] = lives.state_dir.glob("set-aside-*")
    assert any(path.is_file() for path in aside.rglob("*"))
    with lives.born() as sidecar:
        read_to_the_end(sidecar)
        sidecar.stop()


def read_to_the_end(sidecar: Sidecar) -> None:
    """Wait until nothing is left to read."""
    sidecar.wait_for(
        lambda scrape: bool(scrape.series("consumer_lag_records")) and scrape("consumer_lag_records") == 0
    )
    sidecar.wait_until_ready()
