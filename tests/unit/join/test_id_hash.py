"""Hashes of ids: the same after a restart, others with another key, and spread over 32 bits."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stream_monitor.join.id_hash import IdHash
from stream_monitor.state.key_value_store import MemoryStore

STORE = MemoryStore()
IDS = st.text(st.characters(codec="utf-8"), max_size=80)


@given(st.lists(IDS, max_size=5))
def test_an_id_has_the_same_hash_among_any_others_and_after_a_restart(ids: list[str]) -> None:
    hashes = IdHash(STORE)(ids)
    assert hashes.tolist() == [IdHash(STORE)([identity]).item() for identity in ids]
    assert hashes.dtype == np.uint64
    assert not (hashes >> np.uint64(32)).any()


def _fixed_store() -> MemoryStore:
    """Return a store with a fixed key.

    Over all keys, two ids have the same hash with probability 2**-32. No more is promised: a single key in a hundred
    or so spreads regular ids less evenly over the hashes.
    """
    store = MemoryStore()
    store.put(b"x", bytes(range(16)))
    return store


def test_ids_that_differ_anywhere_hardly_ever_have_the_same_hash() -> None:
    ids = [f"{'a' * before}{number}{'a' * (70 - before)}" for before in range(0, 70, 7) for number in range(1000)]
    ids += [f"r-{number}" for number in range(10_000)]
    hashes = IdHash(_fixed_store())(ids)
    assert len(set(hashes.tolist())) > len(ids) - 5  # 0.05 pairs are expected
    counts = np.bincount((hashes >> np.uint64(28)).astype(np.int64), minlength=16)
    assert (abs(counts - len(ids) / 16) < 200).all()


def test_another_key_gives_other_hashes() -> None:
    ids = [f"r-{number}" for number in range(100)]
    assert (IdHash(STORE)(ids) != IdHash(MemoryStore())(ids)).sum() > 95
