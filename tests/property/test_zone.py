"""A drift begins where river's detectors began to warn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_monitor.core.arrays import Floats
from stream_monitor.detectors import DetectorConfig
from tests.examples import examples
from tests.streams import configs, cut, cuts, feed, river_class, shares


def _warned(config: DetectorConfig, values: Floats) -> list[tuple[float, float, int]]:
    """Return the means before and since the warning of each of river's detections, and the values since."""
    parameters = config.model_dump()
    theirs = river_class(parameters.pop("kind"))(**parameters)  # type: ignore[misc]
    found, known, width = [], [], 0
    for value in values.tolist():
        theirs.update(value)
        known.append(value)
        width = width + 1 if theirs.warning_detected or theirs.drift_detected else 0  # type: ignore[attr-defined]
        if theirs.drift_detected:
            older, newer = known[: len(known) - width], known[len(known) - width :]
            found.append((float(np.mean(older or newer)), float(np.mean(newer)), width))
            known, width = [], 0
    return found


@pytest.mark.parametrize("kind", ["ddm", "hddm_a", "hddm_w"])
@given(data=st.data())
@settings(max_examples=examples(60), deadline=None)
def test_means_and_width_are_those_of_rivers_warnings(kind: str, data: st.DataObject) -> None:
    config = data.draw(configs(kind))
    if getattr(config, "two_sided_test", False):
        config = config.model_copy(update={"two_sided_test": False})
    values = data.draw(shares())
    found = feed(config.make(), cut(values, data.draw(cuts())))
    np.testing.assert_allclose([change[1:4] for change in found], _warned(config, values), rtol=1e-12, atol=1e-12)
