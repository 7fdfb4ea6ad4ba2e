"""Positions of rows: which are in use, over any order of writes, saves and restarts."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_monitor.join.block_map import SIZE, BlockMap
from stream_monitor.state.key_value_store import MemoryStore


def _array(values: object) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(sorted(values), np.int64)  # type: ignore[call-overload,no-any-return]


@given(st.randoms(use_true_random=False), st.integers(1, 60))
def test_what_is_in_use_is_known_after_any_restart(dice: random.Random, steps: int) -> None:
    store = MemoryStore()
    positions, used = BlockMap(store), set[int]()
    for _ in range(steps):
        gone = dice.sample(sorted(used), dice.randint(0, len(used))) if dice.random() < 0.7 else []
        emptied = set(positions.discard(_array(gone)).tolist())
        assert emptied == {at // SIZE for at in gone} - {at // SIZE for at in used - set(gone)}
        used -= set(gone)
        if dice.random() < 0.5:
            positions.reuse()
        taken = positions.take(dice.choice((0, 1, 31, 32, 33, 200))).tolist()
        assert used.isdisjoint(taken)
        assert {at // SIZE for at in taken}.isdisjoint(at // SIZE for at in used)
        used |= set(taken)
        positions.save()
        if dice.random() < 0.3:
            positions = BlockMap(store)
            positions.resume()
        assert positions.in_use == len(used)
        assert positions.positions(positions.blocks()).tolist() == sorted(used)


def test_a_block_is_not_taken_again_before_it_is_forgotten() -> None:
    positions = BlockMap(MemoryStore())
    first = positions.take(SIZE)
    positions.discard(first)
    assert set(positions.take(SIZE)).isdisjoint(first)
    positions.reuse()
    assert positions.take(SIZE).tolist() == first.tolist()


def test_what_is_saved_is_no_longer_than_two_times_the_bits_and_the_last_change() -> None:
    store, dice = MemoryStore(), random.Random(5)
    positions, used, written = BlockMap(store), set[int](), 0
    for _ in range(300):
        gone = dice.sample(sorted(used), len(used) // 10)
        positions.discard(_array(gone))
        used = used - set(gone) | set(positions.take(100).tolist())
        positions.save()
        written += sum(len(value) for _, value in store.scan(b"", b"\xff", 1000))
        bits = positions._words.nbytes
        assert sum(len(value) for _, value in store.scan(b"", b"\xff", 1000)) <= 2 * bits + 4 * (len(gone) + 100)


@pytest.mark.parametrize("kept", [1, 4, 8])
def test_rows_are_moved_out_of_the_emptiest_blocks_until_half_is_in_use(kept: int) -> None:
    positions = BlockMap(MemoryStore())
    at = positions.take(SIZE * 200)
    positions.discard(at[(at % SIZE >= kept) & (at // SIZE < 150)])
    sparse = positions.sparse(1 << 30)
    moved = positions.positions(sparse)
    assert set((sparse < 150).tolist()) == {True}
    assert len(moved) <= len(sparse) * (SIZE - kept)
    positions.discard(moved)
    positions.take(len(moved))
    assert len(positions.blocks()) * SIZE <= 2 * positions.in_use + SIZE
    assert len(positions.sparse(1 << 30)) == 0


def test_no_more_rows_are_moved_at_once_than_the_limit() -> None:
    positions = BlockMap(MemoryStore())
    at = positions.take(SIZE * 200)
    positions.discard(at[at % SIZE >= 4])
    assert len(positions.positions(positions.sparse(101))) == 100
    assert len(positions.sparse(3)) == 0


def test_few_blocks_stay_as_they_are() -> None:
    positions = BlockMap(MemoryStore())
    at = positions.take(SIZE * BlockMap.MIN_BLOCKS)
    positions.discard(at[at % SIZE >= 4])
    assert len(positions.sparse(1 << 30)) == 0
