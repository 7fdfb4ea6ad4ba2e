"""HDDM-W after a drift: it has forgotten all."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from stream_monitor.detectors.hddm_w import HddmWConfig


@pytest.mark.parametrize("two_sided", [False, True])
def test_after_a_drift_its_state_is_that_of_a_new_one(two_sided: bool) -> None:
    config = HddmWConfig(two_sided_test=two_sided)
    detector = config.make()
    values = np.concatenate((np.tile([0.0, 0.0, 0.0, 1.0], 250), np.ones(500)))
    (found, *_) = config.make().update_many(values)
    assert found.width > 1
    assert len(detector.update_many(values[: found.index])) == 0
    assert detector.state() != config.make().state()
    assert len(detector.update_many(values[found.index : found.index + 1])) == 1
    assert detector.state() == config.make().state()


def test_its_fading_mean_rounds_each_product_and_each_sum() -> None:
    """A product and a sum rounded at once, as some processors do in compiled code, give other last bits."""
    values = np.random.default_rng(5).random(1000)
    detector = HddmWConfig(lambda_val=0.3, drift_confidence=1e-9).make()
    assert len(detector.update_many(values)) == 0
    newest, kept = Fraction(0.3), Fraction(1.0 - 0.3)
    mean, at_once = values[0], values[0]
    for value in values[1:].tolist():
        mean = float(Fraction(float(newest * Fraction(value))) + Fraction(float(kept * Fraction(mean))))
        at_once = float(Fraction(float(newest * Fraction(value))) + kept * Fraction(at_once))
    assert detector.state()["all"][0] == mean != at_once
