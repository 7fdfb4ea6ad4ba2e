"""HDDM-W after a drift: it has forgotten all."""

from __future__ import annotations

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
