"""Hashes of spilled ids: every id is found at each of its positions, and others almost never."""

from __future__ import annotations

import random

import numpy as np
import pytest

from stream_monitor.join.spilled_ids import Hashes, SpilledIds

Found = dict[str, set[int]]


def _hashes(ids: list[str], different: int = 1 << 60) -> Hashes:
    return np.array([(hash(identity) % different * 0x9E37_79B1) & 0xFFFF_FFFF for identity in ids], np.uint64)


def _found(spilled: SpilledIds, ids: list[str], different: int = 1 << 60) -> Found:
    places, positions = spilled.find(_hashes(ids, different))
    found: Found = {}
    for place, position in zip(places.tolist(), positions.tolist(), strict=True):
        found.setdefault(ids[place], set()).add(position)
    return found


@pytest.mark.parametrize("hashes", [1, 3, 1 << 60], ids=["all alike", "few", "usual"])
def test_an_id_is_found_at_each_position_that_is_kept(hashes: int) -> None:
    dice, spilled, expected, end = random.Random(3), SpilledIds(), Found(), 0
    for _ in range(30):
        ids = [f"r-{dice.randrange(500)}" for _ in range(dice.randrange(40))]
        positions = np.arange(end, end + len(ids))
        spilled.add(_hashes(ids, hashes), positions)
        spilled.add(_hashes(ids[:3], hashes), positions[:3])
        for identity, position in zip(ids, positions.tolist(), strict=True):
            expected.setdefault(identity, set()).add(position)
        end += len(ids)
        if dice.random() < 0.3:
            spilled.keep(lambda at: at % 3 > 0)
            expected = {identity: {at for at in places if at % 3} for identity, places in expected.items()}
        looked_for = [f"r-{number}" for number in dice.sample(range(600), 50)]
        found = _found(spilled, looked_for, hashes)
        for identity in looked_for:
            assert expected.get(identity, set()) <= found.get(identity, set())
    assert sum(map(len, expected.values())) <= len(spilled) <= sum(map(len, expected.values())) + 3 * 30


def test_an_id_that_is_not_there_is_hardly_ever_a_candidate() -> None:
    spilled = SpilledIds()
    spilled.add(_hashes([f"there-{number}" for number in range(50_000)]), np.arange(50_000))
    places, _ = spilled.find(_hashes([f"not-{number}" for number in range(50_000)]))
    assert len(places) <= 5  # 0.6 are expected, 50,000 in 2**32 each


def test_an_id_takes_eight_bytes() -> None:
    spilled = SpilledIds()
    spilled.add(_hashes([f"r-{number}" for number in range(10_000)]), np.arange(10_000))
    spilled.find(_hashes(["r-1"]))
    spilled.add(_hashes(["new"]), np.array([10_000]))
    assert spilled.find(_hashes(["new"]))[1].tolist() == [10_000]
    assert sum(keys.nbytes for keys in (*spilled._parts, spilled._newest)) == 80_008
    assert not spilled._added


def test_nothing_is_found_among_none() -> None:
    assert _found(SpilledIds(), ["a", "b"]) == {}
    spilled = SpilledIds()
    spilled.add(_hashes(["a"]), np.array([7]))
    assert _found(spilled, ["b", "a"]) == {"a": {7}}
