"""The false alarms that bursts of the variance bring to a detector."""

from __future__ import annotations

import math
from collections.abc import Sequence

from stream_monitor.detectors.glr import Glr
from stream_monitor.detectors.glr_windows import LONG, SURCHARGE
from stream_monitor.drift.runner import DetectorRunner
from stream_monitor.drift.running import RunningDetector
from stream_monitor.stats.variance_bursts import VarianceBursts, false_alarm_ratio

#: Number of window lengths that a rate is averaged over, each twice as long as the one before.
LENGTHS = 13


def expected_ratio(runner: DetectorRunner, bursts: VarianceBursts) -> float:
    """Return the false alarms that bursts of the variance bring to a detector, per promised one, at least 1.

    Args:
        runner: The detector on the signal.
        bursts: Those of the signal's values.
    """
    running = runner.running
    detector = running.weighted.detector if running else None
    if running is None or not isinstance(detector, Glr) or not bursts.is_restless:
        return 1.0
    batch = running.dependence.batch
    clock, threshold = detector.config.clock, detector.limits.threshold
    lengths = [clock * 2.0**level for level in range(LENGTHS)]
    thresholds = [threshold + SURCHARGE * math.log(LONG / min(each, LONG)) for each in lengths]
    spreads = [bursts.spread(batch * each) for each in lengths]
    return max(false_alarm_ratio(thresholds, spreads, _allowances(running, lengths)), 1.0)


def _allowances(running: RunningDetector, lengths: Sequence[float]) -> list[float]:
    """Return the factors by which means of so many fed values are taken to vary more because of volatility."""
    known = running.dependence
    if not known.ratios or not running.check.is_enabled:
        return [1.0] * len(lengths)
    base = running.check.without_volatility()
    levels = [min(int(math.log2(each)), len(known.ratios) - 1) for each in lengths]
    return [
        max(known.inside * known.ratios[level] / base.ratio(known.batch * each), 1.0)
        for level, each in zip(levels, lengths, strict=True)
    ]
