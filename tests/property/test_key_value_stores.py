"""`RocksDBStore` against a dict, under any order of puts, deletes, prefetches, scans, saves and restarts."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from stream_monitor.state.checkpoint import Checkpoint
from stream_monitor.state.key_value_store import KeyValueStore, MemoryStore
from tests.examples import examples

STATE = b"state"
FIRST, LAST = b"\x01", b"\xff" * 9
#: Few, so that they meet; some begin alike, and they lie on both sides of the state's own key.
KEYS = st.sampled_from([bytes((first, *rest)) for first in (1, 119, 255) for rest in ((), (0,), (255,))])
CHANGES = st.one_of(
    st.tuples(st.just("put"), KEYS, st.binary(max_size=3)),
    st.tuples(st.just("put"), KEYS, st.binary(max_size=3)),
    st.tuples(st.just("delete"), KEYS),
    st.tuples(st.just("delete"), KEYS),
    st.tuples(st.just("prefetch"), st.lists(KEYS, max_size=3)),
)
STARTS, ENDS = st.just(FIRST) | KEYS, st.just(LAST) | KEYS
READS = st.one_of(st.tuples(st.just("get"), KEYS), st.tuples(st.just("scan"), STARTS, ENDS, st.integers(1, 6)))
RESTARTS = st.sampled_from((("save",), ("save",), ("save",), ("restart",)))


class Pair:
    """A checkpoint, and dicts of its store's content now and after a restart."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.checkpoint = Checkpoint(directory)
        self.values: dict[bytes, bytes] = {}
        self._saved: dict[bytes, bytes] = {}
        self._saves = 0

    def do(self, step: tuple[Any, ...]) -> None:
        match step:
            case ("put", key, value):
                self.checkpoint.store.put(key, value)
                self.values[key] = value
            case ("delete", key):
                self.checkpoint.store.delete(key)
                self.values.pop(key, None)
            case ("prefetch", keys):
                self.checkpoint.store.prefetch(keys)
            case ("save",):
                self._saves += 1
                self.checkpoint.save({"saves": self._saves})
                self.values[STATE] = self.checkpoint.store.get(STATE) or b""
                self._saved = dict(self.values)
            case ("restart",):
                self.checkpoint.close()
                self.checkpoint = Checkpoint(self._directory)
                assert self.checkpoint.load() == ({"saves": self._saves} if self._saves else None)
                self.values = dict(self._saved)
            case read:
                check(self.checkpoint.store, self.values, read)


def check(table: KeyValueStore, values: dict[bytes, bytes], read: tuple[Any, ...]) -> None:
    match read:
        case ("get", key):
            assert table.get(key) == values.get(key)
            known = [key] if key in values else []
            assert table.get_all(known) == [values[each] for each in known]
        case ("scan", start, end, limit):
            assert (
                table.scan(start, end, limit)
                == sorted(item for item in values.items() if start <= item[0] < end)[:limit]
            )


@given(
    st.lists(st.lists(st.one_of(CHANGES, CHANGES, READS, RESTARTS), min_size=1, max_size=20), min_size=4, max_size=20)
)
@settings(max_examples=examples(40), deadline=None)
def test_the_table_on_disk_is_a_dict(steps: list[list[tuple[Any, ...]]]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        pair = Pair(Path(directory))
        for step in (step for some in steps for step in some):
            pair.do(step)
        check(pair.checkpoint.store, pair.values, ("scan", FIRST, LAST, 1000))
        pair.checkpoint.close()


@given(st.lists(CHANGES, max_size=40), st.lists(READS, max_size=10))
@settings(max_examples=examples(100), deadline=None)
def test_the_table_in_memory_is_a_dict(changes: list[tuple[Any, ...]], reads: list[tuple[Any, ...]]) -> None:
    table, values = MemoryStore(), {}
    for step in changes:
        if step[0] == "put":
            table.put(*step[1:])
            values[step[1]] = step[2]
        elif step[0] == "delete":
            table.delete(step[1])
            values.pop(step[1], None)
    for read in reads:
        check(table, values, read)
