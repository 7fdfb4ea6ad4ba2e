"""Pairs of outcomes inside and outside a group: each outcome once, with the newest on the other side."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stream_monitor.monitors.paired_outcomes import PairedOutcomes

OUTCOMES = st.lists(st.tuples(st.booleans(), st.sampled_from([0.0, 1.0, 0.25])), max_size=40)


def _one_by_one(outcomes: list[tuple[bool, float]]) -> list[tuple[int, float, float]]:
    held: tuple[bool, float] | None = None
    found = []
    for row, (is_inside, loss) in enumerate(outcomes):
        if held is None or held[0] == is_inside:
            held = is_inside, loss
        else:
            found.append((row, loss, held[1]) if is_inside else (row, held[1], loss))
            held = None
    return found


@given(OUTCOMES, st.lists(st.integers(0, 40), max_size=4))
def test_pairs_are_those_of_outcomes_one_by_one(outcomes: list[tuple[bool, float]], cuts: list[int]) -> None:
    paired, found, start = PairedOutcomes(), [], 0
    for stop in [*sorted(cut for cut in cuts if cut < len(outcomes)), len(outcomes)]:
        part = outcomes[start:stop]
        pairs = paired.take(np.array([one[0] for one in part], bool), np.array([one[1] for one in part], float))
        found += [(row + start, *both) for row, *both in zip(*(each.tolist() for each in pairs), strict=True)]
        again = PairedOutcomes()
        again.restore(paired.state())
        paired, start = again, stop
    assert found == _one_by_one(outcomes)
