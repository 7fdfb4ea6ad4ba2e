"""The counter of one feature's values, which also infers the feature's type."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from stream_monitor.core.arrays import Ints
from stream_monitor.core.events import FeatureType, ModelVersion
from stream_monitor.monitors.feature_counts import FeatureCounts
from stream_monitor.monitors.settings import MonitorSettings
from stream_monitor.signals.columns import FeatureColumn

logger = logging.getLogger(__name__)


class FeatureCounter:
    """Counts the values of one feature, infers its type, and warns of values of another type.

    The type is given by the settings or the profile, or inferred from the first values.

    Args:
        name: Name of the feature.
        key: The model version.
        settings: The settings of all monitors: the given types, and the number of first values.
    """

    def __init__(self, name: str, key: ModelVersion, settings: MonitorSettings) -> None:
        self._name, self._key, self._warmup = name, key, settings.warmup
        given = settings.feature_type(name)
        self.counts = FeatureCounts(type=given, is_given=given is not None)

    @property
    def type(self) -> FeatureType | None:
        """The type of the feature, None until it is inferred."""
        return self.counts.type

    def add(self, column: FeatureColumn, index: Ints) -> bool:
        """Count the values of a batch.

        Args:
            column: The feature in n predictions, n > 0.
            index: Their positions in the stream, shape (n,).

        Returns:
            Whether the type is inferred with this batch.
        """
        counts = self.counts
        is_inferred = counts.type is None and counts.infer(column, self._warmup)
        known = counts.violations
        counts.add(column)
        if is_inferred and counts.violations:
            self._warn()
        elif counts.violations and len(str(counts.violations)) > len(str(known or "")):
            self._warn_again()
        counts.last_seen = counts.last_seen if column.newest is None else int(index[column.newest])
        return is_inferred

    def _warn(self) -> None:
        counts = self.counts
        logger.warning(
            "feature %s of %s/%s is taken for %s: of its first values %d were numbers, %d text, %d neither; "
            "--feature-type can say otherwise",
            *(self._name, *self._key, counts.type, counts.numeric, counts.text, counts.other),
        )

    def _warn_again(self) -> None:
        """Warn at the first value of another type, and at each power of ten of them."""
        other = "categorical" if self.counts.type == "numeric" else "numeric"
        logger.warning(
            "feature %r of %s/%s is taken for %s, but %d of its values so far are not, and are left out; "
            "--feature-type %s=%s would take it for %s",
            *(self._name, *self._key, self.counts.type, self.counts.violations, self._name, other, other),
        )

    def state(self) -> dict[str, Any]:
        """Return the counts and the type as JSON values."""
        return dict(vars(self.counts))

    def restore(self, state: Mapping[str, Any]) -> None:
        """Load what `state` returned; a type that the settings give takes precedence over the inferred one."""
        given, self.counts = self.counts, FeatureCounts(**state)
        if given.is_given:
            self.counts.type, self.counts.is_given = given.type, True

    def warm_start(self, inferred: FeatureType | None) -> None:
        """Start with the type of the feature in another version of the model, unless the settings give it."""
        if not self.counts.is_given:
            self.counts.type = inferred
