"""The cells of references: their shares, their counts and their names."""

from __future__ import annotations

import numpy as np
import pytest

from stream_monitor.stats.reference import CategoricalReference, NumericReference
from stream_monitor.stats.reference_cells import CategoryCells, NumberCells

RNG = np.random.default_rng(1)
SAMPLES = {
    "normal": RNG.normal(size=2000),
    "constant": np.full(50, 7.0),
    "binary": np.array([0.0] * 30 + [1.0] * 70),
    "mostly zero": np.where(RNG.random(2000) < 0.9, 0.0, RNG.lognormal(size=2000)),
    "counts": RNG.poisson(3.0, 2000).astype(float),
    "one value": np.array([1.0]),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_shares_are_those_of_the_sample_itself(name: str) -> None:
    sample = SAMPLES[name]
    cells = NumberCells(NumericReference.learn(sample))
    counts = cells.counts(sample)
    assert counts.sum() == len(sample) and counts[0] == counts[-1] == 0
    # Between two knots the mass is taken to be spread evenly.
    assert np.abs(counts / len(sample) - cells.shares).max() <= 0.01
    assert cells.shares.sum() == pytest.approx(1.0)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_value_is_in_one_cell(name: str) -> None:
    cells = NumberCells(NumericReference.learn(SAMPLES[name]))
    window = np.concatenate((SAMPLES[name][:100], [-1e300, 1e300, 0.5, 7.0]))
    inside = np.array([cells.contains(cell, window) for cell in range(len(cells.shares))])
    assert (inside.sum(axis=0) == 1).all()
    assert inside.sum(axis=1).tolist() == cells.counts(window).tolist()
    upto = np.array([cells.is_upto(cell, window) for cell in range(len(cells.shares))])
    assert (upto.sum(axis=1) == np.add.accumulate(cells.counts(window))).all()


def test_the_rest_beside_a_frequent_value_is_cut_into_tenths() -> None:
    shares = NumberCells(NumericReference.learn(SAMPLES["mostly zero"])).shares
    assert (shares > 0.5).sum() == 1
    assert ((shares > 0.005) & (shares < 0.02)).sum() >= 9


def test_names() -> None:
    cells = NumberCells(NumericReference.learn(np.full(50, 2015.0)))
    assert [cells.name(cell) for cell in range(3)] == ["below 2015", "2015", "above 2015"]
    assert NumberCells(NumericReference.learn(SAMPLES["binary"])).name(2) == "0 to 1"


def test_categories_that_are_rare_or_new_are_counted_together() -> None:
    cells = CategoryCells(CategoricalReference.learn(["a"] * 90 + ["b"] * 10 + ["c"]))
    assert cells.names == ("a", "b")
    assert cells.counts({"a": 3, "c": 2, "new": 4}).tolist() == [3, 0, 6]
