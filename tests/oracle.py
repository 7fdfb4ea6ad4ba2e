"""An oracle for a feature's detections: river's detector, value by value, on normal scores of each warm-up."""

from __future__ import annotations

import numpy as np

from stream_monitor.core.arrays import Floats
from stream_monitor.detectors import DetectorConfig
from stream_monitor.stats.normal_scores import NormalScores
from stream_monitor.stats.reference import NumericReference
from tests.streams import river_indices


def scored_indices(config: DetectorConfig, column: Floats, warmup: int = 500) -> list[int]:
    """Return the indices of drifts in a column of independent values without ties; each one restarts the warm-up."""
    found: list[int] = []
    start = 0
    while len(column) - start >= warmup:
        rest = column[start:]
        scores = NormalScores(NumericReference.learn(rest[:warmup])).of(rest, np.arange(start, len(column)))
        hits = river_indices(config, scores)
        if not hits:
            break
        # A drift found in the warm-up is reported at its end.
        found.append(start + max(hits[0], warmup - 1))
        start += hits[0] + 1
    return found
