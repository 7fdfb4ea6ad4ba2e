"""A detector with the run length and the weights that the dependence of its values asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from stream_monitor.detectors import Change, Detector, DetectorConfig, DetectorContext
from stream_monitor.detectors.glr import Glr
from stream_monitor.drift.batch_means import BatchMeans
from stream_monitor.drift.dependence import Dependence
from stream_monitor.drift.transforms import Transform
from stream_monitor.signals.columns import Column


class FoundChange(NamedTuple):
    """A change in fed values.

    Attributes:
        end: Number of the values up to the one that it was found in.
        change: The change.
    """

    end: int
    change: Change


class WeightedDetector:
    """Feeds a detector the batch means of transformed values, weighted by the variance that these have.

    Args:
        config: The detector's config.
        run_length: Mean number of values between two false alarms; infinite without a budget.
        transform: The transform of the values.
        dependence: The dependence of the values.
    """

    def __init__(
        self, config: DetectorConfig, run_length: float, transform: Transform, dependence: Dependence
    ) -> None:
        self._config, self.run_length, self.dependence = config, run_length, dependence
        #: The variance of the values, relative to that with a season whose levels have no error.
        self._uncertainty = 1.0
        self.restart(transform)

    def restart(self, transform: Transform) -> None:
        """Start again with the values of this transform."""
        self.transform = transform
        self._batch_means = BatchMeans(self.dependence.batch)
        self.detector = self._make()

    def update(self, transformed: Column) -> list[FoundChange]:
        """Feed the next values, and return the changes found in them."""
        batches, first = self._batch_means.add(transformed)
        found = self.detector.update_many(batches.values) if len(batches.values) else []
        return [FoundChange(first + change.index * self.dependence.batch + 1, change) for change in found]

    def since_change(self, row: int | None) -> tuple[int, float] | None:
        """Return the number and the mean of the values that a `Glr` was fed since its newest change.

        Args:
            row: The row of the transformed values, None for a category that has none.
        """
        if not isinstance(self.detector, Glr) or row is None or not self.detector.statistics.n:
            return None
        return self.detector.statistics.n * self.dependence.batch, self.detector.mean(row)

    def allow(self, run_length: float) -> None:
        """Set the mean number of values between two false alarms."""
        self.run_length = run_length
        self._replace_detector()

    def allow_for(self, uncertainty: float) -> None:
        """Set the variance of the values, relative to that with a season whose levels have no error."""
        if uncertainty != self._uncertainty:
            self._uncertainty = uncertainty
            self._replace_detector()

    def correct(self, dependence: Dependence) -> bool:
        """Correct the dependence of the next values; return True if the detector starts again with them."""
        is_same, self.dependence = dependence.batch == self.dependence.batch, dependence
        if is_same:
            self._replace_detector()
        else:
            self.restart(self.transform)
        return not is_same

    def _replace_detector(self) -> None:
        """Make the detector for the current parameters, with its state."""
        state = self.detector.state()
        self.detector = self._make()
        self.detector.restore(state)

    def _make(self) -> Detector:
        known, kind = self.dependence, self.transform.kind
        # In means of shares the detectors see the variance of independent ones; of numbers, that of the batch means.
        inside = self._uncertainty * (1.0 if kind == "number" else known.inside / known.batch)
        weights = tuple(1.0 / (inside * ratio) for ratio in known.ratios)
        weight = 1.0 / (inside * known.residual)
        run_length = self.run_length / known.batch
        return self._config.make(DetectorContext(kind, run_length, weight, self.transform.categories, weights))

    def state(self) -> dict[str, Any]:
        """Return the state as JSON values."""
        return {
            "transform": self.transform.state(),
            "dependence": list(self.dependence),
            "batch_means": self._batch_means.state(),
            "detector": self.detector.state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Load the state of a detector with the same transform and dependence."""
        self._batch_means.restore(state["batch_means"])
        self.detector.restore(state["detector"])
