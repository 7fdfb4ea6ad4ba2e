"""What RocksDB says, as it says it: damage on disk is one thing, a disk that is out of reach another."""

from __future__ import annotations

from pathlib import Path

import pytest

from stream_monitor.core.errors import BadState, ConfigError
from stream_monitor.state import rocksdb
from stream_monitor.state.checkpoint import Checkpoint

DAMAGE = [
    "Corruption: bad record length in file /s/000008.log",
    "Corruption: block checksum mismatch: stored = 1, computed = 2, type = 1 in /s/000012.sst offset 0 size 4093",
    "Corruption: CURRENT file does not end with newline",
    "IO error: No such file or directory: While open a file for random read: /s/12.sst: No such file or directory",
]
TROUBLE = [
    "IO error: No space left on device: While appending to file: /s/000008.log: No space left on device",
    "IO error: File too large: While appending to file: /s/OPTIONS-000007: File too large",
    "IO error: While open a file for random read: /s/000012.sst: Too many open files",
    "Permission denied (os error 13)",
]


def _saying(text: str) -> object:
    def fail(*_: object, **__: object) -> None:
        raise Exception(text)

    return fail


@pytest.mark.parametrize("text", DAMAGE)
def test_damage_is_refused_or_set_aside(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Checkpoint(tmp_path).close()
    with monkeypatch.context() as patch:
        patch.setattr(rocksdb, "Rdict", _saying(text))
        with pytest.raises(BadState, match="is corrupt"):
            Checkpoint(tmp_path)


@pytest.mark.parametrize("text", TROUBLE)
@pytest.mark.parametrize("on_bad_state", ["refuse", "reset"])
def test_trouble_leaves_the_state_alone(
    text: str, on_bad_state: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Checkpoint(tmp_path)
    first.save({"some": "state"})
    first.close()
    with monkeypatch.context() as patch:
        patch.setattr(rocksdb, "Rdict", _saying(text))
        with pytest.raises(ConfigError, match="can't open") as told:
            Checkpoint(tmp_path, on_bad_state)  # type: ignore[arg-type]
        assert not isinstance(told.value, BadState)
    again = Checkpoint(tmp_path, on_bad_state)  # type: ignore[arg-type]
    assert again.load() == {"some": "state"}
    again.close()


def test_what_is_not_its_own_is_left_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "CURRENT").touch()  # a state of the first format
    Checkpoint(tmp_path, "reset").close()
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert [path.name for path in tmp_path.glob("set-aside-*/*")] == ["CURRENT"]
