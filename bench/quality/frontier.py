"""The frontier: false alarms against delays, for the knobs of the estimate of dependence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from dependent import delays, false_alarms
from dependent_streams import DEPENDENT

from stream_monitor.drift.dependence import dependence_of
from stream_monitor.stats import variance_ratios

#: The streams whose false alarms and whose delays are shown, and the share of their pieces that are measured.
ALARMS = ("AR 0.98 and noise", "clusters of 50, ICC 0.5", "fractional noise, d 0.1")
DELAYS = ("independent", "AR 0.9")
SHARE = 0.25


@dataclass(frozen=True)
class Setting:
    """A setting of the estimate of dependence.

    Attributes:
        limit: The upper limit of an excess over an autoregression, in its standard deviations above its mean.
        min_belief: The smallest probability of such an excess that counts.
    """

    limit: float
    min_belief: float

    @property
    def name(self) -> str:
        return f"limit {self.limit:g}, belief {self.min_belief:g}"

    @property
    def is_chosen(self) -> bool:
        """True for the setting of the product."""
        return (self.limit, self.min_belief) == (variance_ratios.LIMIT, variance_ratios.MIN_BELIEF)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Use this setting in this process."""
        before = variance_ratios.LIMIT, variance_ratios.MIN_BELIEF
        variance_ratios.LIMIT, variance_ratios.MIN_BELIEF = self.limit, self.min_belief
        dependence_of.cache_clear()
        try:
            yield
        finally:
            variance_ratios.LIMIT, variance_ratios.MIN_BELIEF = before


FRONTIER = (
    Setting(0.0, 0.5),
    Setting(1.5, 0.9),
    Setting(1.5, 0.5),
    Setting(1.5, 0.3),
    Setting(1.5, 0.1),
    Setting(3.0, 0.5),
    Setting(3.0, 0.1),
)


def frontier(setting: Setting, form: str) -> dict[str, Any]:
    """Measure false alarms and delays with a setting, on a part of the streams of the dependent section."""
    with setting.applied():
        alarms = {each.name: false_alarms(each, form, SHARE) for each in DEPENDENT if each.name in ALARMS}
        late = {each.name: delays(each, form, 2.0 * SHARE) for each in DEPENDENT if each.name in DELAYS}
    return {"alarms": alarms, "delays": late}
