"""The comparison of two shares by their likelihood ratio."""

from __future__ import annotations

import math

import numpy as np
import pytest

from stream_monitor.stats.effect_size import cohens_h
from stream_monitor.stats.share_test import Sizes, evidence, share_limit


def test_equal_shares_have_no_evidence_and_different_ones_have() -> None:
    sizes = Sizes(1000, 5000)
    assert evidence(0.3, 0.3, sizes) == 0.0
    assert evidence(1.0, 0.0, sizes) == pytest.approx(1000 * math.log(6) + 5000 * math.log(6 / 5))


@pytest.mark.parametrize("share", [0.0005, 0.01, 0.3, 0.9])
def test_equal_shares_seldom_have_more_evidence_than_the_bound(share: float) -> None:
    rng, sizes, runs = np.random.default_rng(1), Sizes(1000, 3000), 20_000
    windows, references = rng.binomial(1000, share, runs) / 1000, rng.binomial(3000, share, runs) / 3000
    found = [evidence(*each, sizes) for each in zip(windows.tolist(), references.tolist(), strict=True)]
    for needed in (2.0, 4.0, 6.0):
        assert np.mean(np.array(found) > needed) <= 2.0 * math.exp(-needed)


@pytest.mark.parametrize("usual", [0.0, 0.02, 0.5, 1.0])
@pytest.mark.parametrize("is_up", [True, False])
def test_the_limit_is_the_nearest_share_with_the_evidence(usual: float, is_up: bool) -> None:
    sizes = Sizes(1000, 5000)
    limit = share_limit(usual, sizes, 12.0, is_up=is_up)
    if limit is None:
        assert evidence(1.0 if is_up else 0.0, usual, sizes) < 12.0
    else:
        assert evidence(limit, usual, sizes) == pytest.approx(12.0, rel=1e-4)
        assert (limit > usual) == is_up


def test_no_share_has_the_evidence_where_values_are_too_few() -> None:
    assert share_limit(0.4, Sizes(5, 1000), 12.0, is_up=True) is None


def test_the_largest_effect_of_shares_is_pi() -> None:
    assert cohens_h(1.0, 0.0) == pytest.approx(math.pi)
