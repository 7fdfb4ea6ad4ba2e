"""The queue of ids against a list: order, numbers, discarded ids, and what is left in the store."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterator
from unittest.mock import patch

import pytest

from stream_monitor.join.fifo import Fifo, Item
from stream_monitor.state.key_value_store import MemoryStore

CHUNK = 3


@pytest.fixture(autouse=True, scope="module")
def _small_chunks() -> Iterator[None]:
    with patch.object(Fifo, "CHUNK_SIZE", CHUNK):
        yield


def _keys(store: MemoryStore) -> list[bytes]:
    return [key for key, _ in store.scan(b"", b"\xff" * 10, 1000)]


def _restarted(fifo: Fifo, store: MemoryStore) -> Fifo:
    fifo.save()
    again = Fifo(store, b"q")
    again.restore(json.loads(json.dumps(fifo.state())))
    return again


def _check(fifo: Fifo, store: MemoryStore, items: list[Item], discarded: set[int]) -> None:
    """Compare the queue with the list; discarded ids may come up in the chunk of the first that waits."""
    waiting = [item.number for item in items if item.number not in discarded]
    if waiting:
        head = fifo.oldest()
        assert head and head == items[head.number]
        assert head.number <= waiting[0] and head.number // CHUNK == waiting[0] // CHUNK
        chunk = [item for item in items if item.number // CHUNK == head.number // CHUNK]
        assert fifo.upcoming() == [item.identity for item in chunk if item.number >= head.number]
    newest = len(items) // CHUNK
    stored = {int.from_bytes(key[1:], "big") for key in _keys(store)}
    assert stored - {newest} == {number // CHUNK for number in waiting} - {newest}
    assert all(key[:1] == b"q" for key in _keys(store))


@pytest.mark.parametrize("seed", range(10))
def test_it_is_a_list_of_which_chunks_of_discarded_ids_are_deleted(seed: int) -> None:
    rng, store = random.Random(seed), MemoryStore()
    fifo, items, discarded = Fifo(store, b"q"), list[Item](), set[int]()
    assert fifo.oldest() is None
    for _ in range(200):
        step = rng.choices(["append", "take", "discard", "restart"], [4, 2, 3, 1])[0]
        waiting = [item.number for item in items if item.number not in discarded]
        if step == "append":
            arrival = math.inf if len(items) % 4 == 0 else float(len(items))
            items.append(Item(len(items), arrival, f"r{len(items)}"))
            assert fifo.append(*items[-1][1:]) == items[-1].number
        elif step == "take" and (head := fifo.oldest()):
            fifo.advance()
            discarded.add(head.number)
        elif step == "restart":
            fifo = _restarted(fifo, store)
        elif step == "discard" and waiting:
            discarded.add(number := rng.choice(waiting[:5]))
            fifo.discard(number)
        _check(fifo, store, items, discarded)
    assert len(items) > 10 * CHUNK
