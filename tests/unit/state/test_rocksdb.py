"""Errors of RocksDB, by their texts: corruption on disk, or a disk that is out of reach."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stream_monitor.core.errors import BadState, ConfigError, StateError
from stream_monitor.state import rocksdb
from stream_monitor.state.checkpoint import Checkpoint
from stream_monitor.state.rocksdb import CORRUPT_MARK, RocksDBStore

DAMAGE = [
    "Corruption: bad record length in file /s/000008.log",
    "Corruption: block checksum mismatch: stored = 1, computed = 2, type = 1 in /s/000012.sst offset 0 size 4093",
    "Invalid argument: Compression type of a block is not known: 17",
    "Corruption: CURRENT file does not end with newline",
    "IO error: No such file or directory: While open a file for random read: /s/12.sst: No such file or directory",
]
TROUBLE = [
    "IO error: No space left on device: While appending to file: /s/000008.log: No space left on device",
    "IO error: File too large: While appending to file: /s/OPTIONS-000007: File too large",
    "IO error: While open a file for random read: /s/000012.sst: Too many open files",
    "IO error: Invalid argument: While fsync: /s/000008.log: Invalid argument",
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


READS: dict[str, Callable[[RocksDBStore], object]] = {
    "get": lambda store: store.get(b"k"),
    "get all": lambda store: store.get_all([b"k"]),
    "prefetch": lambda store: store.prefetch([b"k"]),
    "scan": lambda store: store.scan(b"a", b"z", 10),
}


class Failing:
    """A database in which everything fails."""

    def __init__(self, text: str) -> None:
        self.get = self.iter = self.write = _saying(text)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RocksDBStore]:
    store = RocksDBStore(tmp_path)
    store.put(b"k", b"value")
    store.write()
    intact = store._rocksdb
    yield store
    store._rocksdb = intact
    store.close()


@pytest.mark.parametrize("text", DAMAGE)
@pytest.mark.parametrize("read", READS)
def test_damage_that_a_read_finds_is_a_bad_state_now_and_at_the_next_start(
    text: str, read: str, store: RocksDBStore, tmp_path: Path
) -> None:
    store._rocksdb = Failing(text)  # type: ignore[assignment]
    with pytest.raises(BadState, match="is corrupt"):
        READS[read](store)
    assert (tmp_path / CORRUPT_MARK).exists()
    with pytest.raises(BadState, match="is corrupt"):
        Checkpoint(tmp_path)


@pytest.mark.parametrize("text", TROUBLE)
@pytest.mark.parametrize("read", READS)
def test_trouble_in_a_read_is_no_damage(text: str, read: str, store: RocksDBStore, tmp_path: Path) -> None:
    store._rocksdb = Failing(text)  # type: ignore[assignment]
    with pytest.raises(StateError, match="can't read") as told:
        READS[read](store)
    assert not isinstance(told.value, BadState)
    assert not (tmp_path / CORRUPT_MARK).exists()


@pytest.mark.parametrize(
    ("text", "kind"), [*((one, BadState) for one in DAMAGE), *((one, StateError) for one in TROUBLE)]
)
def test_a_write_tells_damage_from_trouble(
    text: str, kind: type[Exception], store: RocksDBStore, tmp_path: Path
) -> None:
    store.put(b"k", b"another")
    store._rocksdb = Failing(text)  # type: ignore[assignment]
    with pytest.raises((BadState, StateError)) as told:
        store.write()
    assert type(told.value) is kind
    assert (tmp_path / CORRUPT_MARK).exists() == (kind is BadState)
    assert store.unsaved == 1


@pytest.mark.parametrize("read", READS)
def test_a_checksum_that_does_not_hold_is_damage(read: str, store: RocksDBStore, tmp_path: Path) -> None:
    sealed = bytearray(store._rocksdb.get(b"k"))  # type: ignore[call-overload]
    sealed[-1] ^= 1
    store._rocksdb[b"k"] = bytes(sealed)
    with pytest.raises(BadState, match="a checksum does not hold"):
        READS[read](store)
        store.get(b"k")
    assert (tmp_path / CORRUPT_MARK).exists()


def test_a_value_that_is_missing_is_damage(store: RocksDBStore, tmp_path: Path) -> None:
    store.put(b"l", b"unsaved")
    assert store.get_all([b"l", b"k"]) == [b"unsaved", b"value"]
    store.delete(b"l")
    for key in (b"l", b"m"):
        with pytest.raises(BadState, match="a value is missing"):
            store.get_all([b"k", key])
    assert (tmp_path / CORRUPT_MARK).exists()


def test_what_is_not_its_own_is_left_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "CURRENT").touch()  # a state of the first format
    Checkpoint(tmp_path, "reset").close()
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert [path.name for path in tmp_path.glob("set-aside-*/*")] == ["CURRENT"]
