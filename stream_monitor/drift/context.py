"""The signal and the settings that a detector runs under."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from stream_monitor.core.arrays import ColumnKind
from stream_monitor.signals.encoder import CategoryEncoder
from stream_monitor.stats.reference import CategoricalReference, NumericReference
from stream_monitor.stats.season_period import Period


@dataclass(frozen=True)
class RunnerContext:
    """The signal and the settings that a `DetectorRunner` is made for.

    Attributes:
        kind: The kind of the signal's values.
        warmup: Number of values that the transform and the dependence are learned from; 0: no transform.
        autocorrelation_time: The known integrated autocorrelation time, in values; the warm-up may only raise it.
        season: Periods in seconds; () without a season; None: a day and a week, each if two in a row are alike.
        reference: The signal's distribution in the profile, None without a profile.
        categories: The encoder of the signal's categories, None for numbers and shares.
        min_effect: Smallest effect size of a change that is told; 0: all are.
        is_sparse: Whether the values are those of few of the events, which lie far apart.
        seasons: The seasons of the profile's scores, by period: the sums over the parts and the number of periods.
    """

    kind: ColumnKind
    warmup: int
    autocorrelation_time: float = 1.0
    season: tuple[float, ...] | None = ()
    reference: NumericReference | CategoricalReference | None = None
    categories: CategoryEncoder | None = None
    min_effect: float = 0.0
    is_sparse: bool = False
    seasons: Mapping[float, tuple[Period, float]] = field(default_factory=dict)
