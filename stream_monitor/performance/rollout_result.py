"""The versions of one model side by side, as plain values."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from stream_monitor.performance.comparison import ComparisonResult


@dataclass(frozen=True, slots=True)
class VersionResult:
    """One version of a model.

    Attributes:
        version: Its name.
        predictions: Its predictions so far.
        share: Its share of the newest 1,000 to 2,000 predictions of the model.
        first_ts, last_ts: Event times of its first and its last prediction, None where unknown.
        comparison: Its comparison with the champion, None for the champion and before the first outcome.
        is_worse: Whether to go back from it: it is worse than the champion, or the champion and worse than a version
            that was seen before it.
    """

    version: str
    predictions: int
    share: float
    first_ts: float | None
    last_ts: float | None
    comparison: ComparisonResult | None
    is_worse: bool


@dataclass(frozen=True, slots=True)
class RolloutResult:
    """The versions of a model.

    Attributes:
        model: Its name.
        measure: What is compared: ``accuracy``, or ``cliffs_delta`` of the absolute errors of a regression.
        champion: Its champion.
        is_champion_given: Whether the champion was given.
        versions: The versions in the order in which they were first seen.
        split_p_value: p-value of the declared split of the traffic, at all times; None where none is declared.
    """

    model: str
    measure: str
    champion: str | None
    is_champion_given: bool
    versions: Sequence[VersionResult]
    split_p_value: float | None

    @property
    def unseen_champion(self) -> str | None:
        """A message if the champion has made no prediction, else None."""
        return unseen_champion(self.model, self.champion, [each.version for each in self.versions])


def unseen_champion(model: str, champion: str | None, seen: Collection[str]) -> str | None:
    """Return a message if a champion is not among the versions seen, else None.

    >>> unseen_champion("churn", "3", ["1", "2"])
    '--champion: version 3 of churn has made no prediction, so no version is compared; seen are 1, 2'
    """
    if champion is None or champion in seen:
        return None
    what = f"version {champion} of {model} has made no prediction, so no version is compared"
    return f"--champion: {what}; seen are {', '.join(seen) or 'none'}"
