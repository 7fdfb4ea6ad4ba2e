"""The run length of a model in predictions: as given, or by the rate at which its predictions come."""

from __future__ import annotations

import logging
import math
import sys
from collections.abc import Sequence
from typing import Any

from stream_monitor.core.arrays import Floats, optional
from stream_monitor.core.events import ModelVersion
from stream_monitor.monitors.settings import MonitorSettings

logger = logging.getLogger(__name__)

#: A run length in time is never turned into fewer predictions.
MIN_RUN = 1000.0


class PredictionRate:
    """Turns a run length in time into one in predictions, by the rate measured over the warm-up.

    Attributes:
        run_length: Mean number of predictions between two false alarms of the model.
    """

    def __init__(self, key: ModelVersion, settings: MonitorSettings) -> None:
        self._key, self._seconds = key, settings.run_seconds
        self._needed = max(settings.warmup, 2)
        self._first_ts: float | None = None
        self.run_length = settings.run_length

    def remaining(self, count: int) -> int:
        """Return how many predictions complete the measurement, after ``count``; `sys.maxsize` where none is due."""
        remaining = self._needed - count
        return remaining if self._seconds and remaining > 0 else sys.maxsize

    def update(self, ts: Floats, count: int) -> bool:
        """Measure the rate with the last prediction of the warm-up.

        Args:
            ts: Event times of the next predictions, NaN where unknown; at most `remaining` of them, shape (n,).
            count: Predictions so far, these included.

        Returns:
            Whether the run length has changed.
        """
        if not self._seconds or count > self._needed:
            return False
        if self._first_ts is None:
            self._first_ts = next((one for one in ts.tolist() if one == one), None)
        return count == self._needed and self._measure(self._seconds, optional(ts[-1]))

    def _measure(self, seconds: float, ts: float | None) -> bool:
        passed = 0.0 if ts is None or self._first_ts is None else ts - self._first_ts
        if not passed > 0.0:
            logger.warning(
                "%s/%s: the times of its first %d predictions give no rate, so --expected-run-length counts as "
                "%.4g predictions; give it in predictions to set another",
                *(*self._key, self._needed, self.run_length),
            )
            return False
        rate = (self._needed - 1) / passed
        self.run_length = max(seconds * rate, MIN_RUN)
        logger.info("%.4g predictions/s of %s/%s: one false alarm in %.4g", rate, *self._key, self.run_length)
        return True

    def state(self) -> list[float | None]:
        return [self.run_length if math.isfinite(self.run_length) else None, self._first_ts]

    def restore(self, state: Sequence[Any]) -> None:
        """Restore a state; the run length only if it was measured, since the settings give it otherwise."""
        run_length, self._first_ts = state
        if self._seconds and run_length:
            self.run_length = run_length
