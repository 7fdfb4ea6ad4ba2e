"""The snapshot of the groups that are compared, as frozen plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stream_monitor.core.events import Task
from stream_monitor.performance.fairness import ValueCounts
from stream_monitor.performance.group_gaps import Gap, gaps
from stream_monitor.performance.group_measures import BY_NAME, GROUP_MEASURES, GroupMeasure
from stream_monitor.performance.windows import Window


@dataclass(frozen=True, slots=True)
class FairnessSnapshot:
    """The groups of one model version that are compared.

    ``groups``: counts by the name of the group, window and value. ``paths``: where each group's values come from.
    ``positive``: the class that counts as positive, None without. ``min_count``: see `FairnessSettings`.
    """

    task: Task
    positive: str | None
    min_count: int
    paths: Mapping[str, str]
    groups: Mapping[str, Mapping[Window, ValueCounts]]

    def gaps(self, values: ValueCounts) -> dict[str, Gap]:
        """Return the gaps between the values of a group, by name."""
        return gaps(values, self.task, self.min_count, has_positive=self.positive is not None)

    @property
    def measures(self) -> Sequence[GroupMeasure]:
        """The measures of single groups that are defined."""
        if self.task == "regression":
            return [BY_NAME["label_coverage"]]
        return [each for each in GROUP_MEASURES if self.positive is not None or not each.needs_positive]
