"""The training data of one signal, by the profile."""

from __future__ import annotations

from dataclasses import dataclass

from stream_monitor.core.arrays import ColumnKind
from stream_monitor.drift.budget import skew_level
from stream_monitor.monitors.look_schedule import MAX_COUNTED_ALL, WINDOW
from stream_monitor.monitors.signal_cells import SignalCells, make_cells
from stream_monitor.profiles.profile import Profile, Ratios
from stream_monitor.signals.encoder import CategoryEncoder
from stream_monitor.stats.reference import NumericReference
from stream_monitor.stats.share_test import Sizes
from stream_monitor.stats.span_ratios import ratio_over

#: Seconds of the shortest season that most streams have.
DAY = 86_400.0


@dataclass(frozen=True)
class Training:
    """The training data of one signal.

    Attributes:
        kind: The kind of its values.
        cells: Its cells.
        count: Its number of values.
        ratios: The variance ratios of its values, in the order of the rows.
        level: The probability that an unchanged signal ever gets the verdict *shifted*.
        min_seconds: The time that values must cover before a difference counts: without times in the training data,
            it may be one of the time of day. Values that the training data does not have count at once.
    """

    kind: ColumnKind
    cells: SignalCells
    count: int
    ratios: Ratios
    level: float
    min_seconds: float = 0.0

    def sizes(self, values: int) -> Sizes:
        """Return the numbers of independent values in so many values of the signal, and in the training data."""
        every = min(values, MAX_COUNTED_ALL)
        ratio = self.ratio_over(every) * every + self.ratio_over(WINDOW) * (values - every)
        return Sizes(values * values / ratio, self.count / self.ratio_over(self.count))

    def ratio_over(self, span: int) -> float:
        """Return the variance ratio of a mean of so many values in a row."""
        return ratio_over(self.ratios.ratios, self.ratios.count, span)


def make_training(
    profile: Profile, name: str, kind: ColumnKind, categories: CategoryEncoder | None
) -> Training | None:
    """Return what the profile knows of a signal; None if it has no reference of this kind.

    Args:
        profile: The profile.
        name: The signal's name.
        kind: The kind of its values.
        categories: The encoder of its categories, None for numbers and shares.
    """
    reference = profile.reference(name)
    if reference is None or isinstance(reference, NumericReference) != (kind == "number") or not reference.count:
        return None
    count = reference.sampled if isinstance(reference, NumericReference) else reference.count
    level = skew_level(name, profile.features)
    min_seconds = 0.0 if profile.rate else DAY
    cells = make_cells(reference, kind, categories)
    return Training(kind, cells, count, profile.span_ratios(name), level, min_seconds)
