"""The queue of ids against a list: order, numbers, discarded ids, and what is left in the store."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterator
from unittest.mock import patch

import numpy as np
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


def _check(fifo: Fifo, store: MemoryStore, items: list[Item], taken: set[int], discarded: set[int]) -> None:
    """Compare the queue with the list: a chunk goes with its last head, or once all of its ids are discarded."""
    chunks = [items[at : at + CHUNK] for at in range(0, len(items), CHUNK)]
    whole = [chunk for chunk in chunks if len(chunk) == CHUNK]
    gone = [{item.number for item in chunk} <= discarded or chunk[-1].number in taken for chunk in whole]
    left = [number for number in range(len(chunks)) if number >= len(whole) or not gone[number]]
    first = max(max(taken, default=-1) + 1, CHUNK * left[0]) if left else len(items)
    assert fifo.oldest() == (items[first] if first < len(items) else None)
    upcoming = items[first : (first // CHUNK + 1) * CHUNK]
    found = fifo.upcoming()
    assert (found.arrivals.tolist(), [*found.ids]) == (
        [one.arrival for one in upcoming],
        [one.identity for one in upcoming],
    )
    assert found.first == first or not upcoming
    assert fifo.state()["head"] == first
    newest = len(items) // CHUNK
    stored = {int.from_bytes(key[1:], "big") for key in _keys(store)}
    assert stored - {newest} == set(left) - {newest}
    assert all(key[:1] == b"q" for key in _keys(store))


@pytest.mark.parametrize("seed", range(10))
def test_it_is_a_list_of_which_chunks_of_discarded_ids_are_deleted(seed: int) -> None:
    rng, store = random.Random(seed), MemoryStore()
    fifo, items, taken, discarded = Fifo(store, b"q"), list[Item](), set[int](), set[int]()
    for _ in range(200):
        _check(fifo, store, items, taken, discarded)
        step = rng.choices(["append", "take", "discard", "restart"], [4, 2, 3, 1])[0]
        if step == "append":
            arrival = math.inf if len(items) % 4 == 0 else float(len(items))
            items.append(Item(len(items), arrival, f"r{len(items)}"))
            if rng.random() < 0.5:
                assert fifo.append(*items[-1][1:]) == items[-1].number
            else:
                assert fifo.extend([items[-1].arrival], [items[-1].identity]).tolist() == [items[-1].number]
        elif step == "take" and (head := fifo.oldest()):
            count = rng.randrange(len(fifo.upcoming().ids)) + 1
            fifo.advance(count)
            taken |= {*range(head.number, head.number + count)}
        elif step == "restart":
            fifo = _restarted(fifo, store)
        elif step == "discard":
            waiting = [item.number for item in items if item.number not in taken | discarded]
            for number in waiting[rng.randrange(4) :][:1]:
                fifo.discard(number) if rng.random() < 0.5 else fifo.discard_all(np.array([number]))
                discarded.add(number)
    assert len(items) > 10 * CHUNK
