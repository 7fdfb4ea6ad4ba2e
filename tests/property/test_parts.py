"""A state with parts that never change: the same after a restart, and each part is written once and removed once."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_monitor.core.errors import BadState
from stream_monitor.core.frozen import Frozen
from stream_monitor.core.part import Part
from stream_monitor.state.checkpoint import Checkpoint
from stream_monitor.state.key_value_store import MemoryStore
from stream_monitor.state.parts import Parts
from stream_monitor.testing import MemorySource
from tests.examples import examples
from tests.property.restarts import make_pipeline, make_stream
from tests.states import state_json

PARTS = st.sampled_from([{"a": 1}, {"a": 2}, {"b": [0.5, None]}, {}]).map(Frozen)
LEAVES = st.sampled_from([1, "$frozen", None, 2.5, {"$frozen": 3}]) | PARTS
STATES = st.dictionaries(
    st.sampled_from("xyz"), st.recursive(LEAVES, lambda it: st.lists(it, max_size=3)), max_size=3
)


class Counting(MemoryStore):
    """A store that records puts and deletes."""

    def __init__(self) -> None:
        super().__init__()
        self.puts, self.deletes = Counter[bytes](), Counter[bytes]()

    def put(self, key: bytes, value: bytes) -> None:
        self.puts[key] += 1
        super().put(key, value)

    def delete(self, key: bytes) -> None:
        self.deletes[key] += 1
        super().delete(key)


def parts_of(value: Any) -> set[str]:
    if isinstance(value, Frozen):
        return {value.name}
    nested = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return set().union(*map(parts_of, nested))


@given(st.lists(st.tuples(STATES, st.booleans()), max_size=6))
def test_a_state_comes_back_and_its_parts_are_written_once(steps: list[tuple[dict[str, Any], bool]]) -> None:
    table = Counting()
    parts, before = Parts(table), set[str]()
    for state, restart in steps:
        table.puts.clear()
        table.deletes.clear()
        body = parts.dumps(state)
        now = parts_of(state)
        assert sorted(table.puts.values()) == [1] * len(now - before)
        assert sorted(table.deletes.values()) == [1] * len(before - now)
        parts = Parts(table) if restart else parts
        loaded = parts.loads(body)
        assert loaded == state
        assert parts_of(loaded) == now
        before = now


@given(st.lists(st.tuples(st.dictionaries(st.sampled_from("abc"), st.integers(0, 2)), st.booleans()), max_size=6))
def test_a_part_is_written_when_it_has_changed(steps: list[tuple[dict[str, int], bool]]) -> None:
    """A part's number stands for its content and its mark."""
    store, marks = Counting(), [object() for _ in range(3)]
    parts, before = Parts(store), dict[str, int]()
    for numbers, restart in steps:
        store.puts.clear()
        state = {
            name: Part(name, marks[at], lambda at=at: {"number": at, "frozen": Frozen(a=at)})
            for name, at in numbers.items()
        }
        body = parts.dumps({"parts": state})
        changed = {name for name, at in numbers.items() if before.get(name) != at}
        assert {key[1:].decode() for key in store.puts if key.startswith(b"p")} == changed
        assert parts.loads(body) == {"parts": state} if restart else Parts(store).loads(body) == {"parts": state}
        assert len(store.scan(b"p", b"q", 10)) == len(numbers)
        assert len(store.scan(b"r", b"s", 10)) == len({*numbers.values()})
        before = {} if restart else numbers


def test_a_part_that_has_not_changed_is_not_made() -> None:
    def fail() -> dict[str, int]:
        raise AssertionError

    parts, mark = Parts(MemoryStore()), object()
    parts.dumps({"a": Part("a", mark, lambda: {"number": 1})})
    assert parts.loads(parts.dumps({"a": Part("a", mark, fail)})) == {"a": {"number": 1}}


def test_a_part_in_a_part_is_refused() -> None:
    inner = Part("b", object(), dict)
    with pytest.raises(TypeError):
        Parts(MemoryStore()).dumps({"a": Part("a", object(), lambda: {"b": inner})})


@given(seed=st.integers(0, 1000), batch_size=st.integers(1, 200), saves=st.lists(st.integers(1, 5), min_size=1))
@settings(max_examples=examples(20), deadline=None)
def test_however_often_it_is_saved_the_whole_state_is_loaded(seed: int, batch_size: int, saves: list[int]) -> None:
    store = MemoryStore()
    pipeline, _ = make_pipeline(MemorySource(make_stream(seed, 600), batch_size), MemoryStore(), 0.0)
    parts = Parts(store)
    for passes in saves:
        for _ in range(passes):
            pipeline.step()
        state = pipeline.processor.state()
        assert state_json(Parts(store).loads(parts.dumps(state))) == state_json(pipeline.processor.state())


def test_subclasses_of_what_json_has_are_written_as_it() -> None:
    body = Parts(MemoryStore()).dumps(
        {"count": Counter({"a": 2}), "number": np.float64(0.0), "pair": (1, 2), "no": True}
    )
    assert body == b'{"count":{"a":2},"number":0.0,"pair":[1,2],"no":true}'


@given(states=st.lists(STATES, min_size=1, max_size=4))
@settings(max_examples=examples(20), deadline=None)
def test_a_checkpoint_keeps_them_over_restarts(states: list[dict[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        for state in states:
            checkpoint = Checkpoint(Path(directory))
            checkpoint.save(state)
            checkpoint.close()
            checkpoint = Checkpoint(Path(directory))
            assert checkpoint.load() == state
            assert len(checkpoint.store.scan(b"r", b"s", 100)) == len(parts_of(state))
            checkpoint.close()


@pytest.mark.parametrize("damage", ["lost", "turned"])
def test_a_part_that_is_damaged_is_refused_or_set_aside(tmp_path: Path, damage: str) -> None:
    checkpoint = Checkpoint(tmp_path)
    checkpoint.save({"x": Frozen(a=1)})
    [(key, _)] = checkpoint.store.scan(b"r", b"s", 100)
    sealed = bytearray(checkpoint.store._rocksdb.get(key))  # type: ignore[call-overload]
    if damage == "lost":
        del checkpoint.store._rocksdb[key]
    else:
        sealed[-2] ^= 1
        checkpoint.store._rocksdb[key] = bytes(sealed)
    checkpoint.close()
    for _ in range(2):
        with pytest.raises(BadState, match="is corrupt"):
            Checkpoint(tmp_path)
    fresh = Checkpoint(tmp_path, "reset")
    assert fresh.load() is None
    fresh.save({"x": Frozen(a=1)})
    assert len(fresh.store.scan(b"r", b"s", 100)) == 1
    fresh.close()
