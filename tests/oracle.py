"""What river's own detector finds in a feature, by another way: value by value over the scores of each warm-up."""

from __future__ import annotations

import numpy as np

from stream_monitor.core.arrays import Floats
from stream_monitor.detectors import DetectorConfig
from stream_monitor.stats.normal_scores import NormalScores
from stream_monitor.stats.reference import NumericReference
from tests.streams import river_indices


def scored_indices(config: DetectorConfig, column: Floats, warmup: int = 500) -> list[int]:
    """Indices of drifts in a column without ties and without dependence: after each, its scale is learned anew."""
    found: list[int] = []
    start = 0
    while len(column) - start >= warmup:
        rest = column[start:]
        scores = NormalScores(NumericReference.learn(rest[:warmup])).of(rest, np.arange(start, len(column)))
        hits = river_indices(config, scores)
        if not hits:
            break
        # What is found in the warm-up is raised when it is complete.
        found.append(start + max(hits[0], warmup - 1))
        start += hits[0] + 1
    return found
