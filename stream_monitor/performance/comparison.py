"""Champion against challenger: which of two versions of a model is better."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

from stream_monitor.core.arrays import Bools, Floats, Ints
from stream_monitor.core.sequences import Rows, take
from stream_monitor.performance.alternating_outcomes import AlternatingOutcomes, Differences
from stream_monitor.performance.paired_outcomes import PairedOutcomes
from stream_monitor.stats.confidence_sequences import boundary, mean_bounds
from stream_monitor.stats.intervals import Interval

#: Outcomes of the challenger after which the design is decided for good, unless it was given.
MIN_SETTLED = 100
#: Share of these whose id the champion has predicted as well, from which on the design is a shadow.
MIN_PAIRED = 0.5

#: Chance that any version of a model ever gets a verdict though all of them are equal.
MAX_WRONG = 0.05
#: The part of it that the first comparison of a model has.
FIRST_PART = 0.8

Design = Literal["split", "shadow"]
Verdict = Literal["better", "worse", "undecided"]
#: The verdicts by the sign of the difference that is decided.
VERDICTS: Mapping[int, Verdict] = {1: "better", -1: "worse", 0: "undecided"}


def wrong_level(number: int) -> float:
    """Return the chance of a wrong verdict that a comparison of a model has; those of all of them add up to 5 %.

    A team compares one challenger at a time more often than many; so the first one has most of it.

    Args:
        number: Its number among all comparisons of the model, from 1.

    >>> [round(wrong_level(number), 5) for number in (1, 2, 3, 10)]
    [0.04, 0.005, 0.00167, 0.00011]
    """
    return MAX_WRONG * (FIRST_PART if number == 1 else (1.0 - FIRST_PART) / (number * (number - 1)))


class ScoredOutcomes(NamedTuple):
    """The outcomes of two versions.

    Attributes:
        ids: The ids of their predictions, n of them.
        is_challenger: True for an outcome of the challenger, False for one of the champion, shape (n,).
        scores: A larger one is better, shape (n,).
    """

    ids: Sequence[str]
    is_challenger: Bools
    scores: Floats

    def take(self, rows: Rows) -> ScoredOutcomes:
        """Return some of the outcomes, in this order."""
        return ScoredOutcomes(take(self.ids, rows), self.is_challenger[rows], self.scores[rows])


@dataclass(frozen=True, slots=True)
class ComparisonResult:
    """A challenger against the champion.

    Attributes:
        design: ``split`` where each event has one version (A/B test, canary), ``shadow`` where both predict the same
            ids; None while that is open.
        difference: Of accuracy, or of a regression Cliff's delta of the absolute errors; above 0 the challenger is
            better. NaN before the first difference.
        bounds: Bounds of the difference that hold at all times, for all challengers of the model at once, with a
            probability of 95 %.
        verdict: What is decided of the challenger; the chance that any of equal versions ever gets one is at most
            5 %.
        outcomes: Outcomes of both versions that were compared so far.
        decided_after: Their number at the verdict, None before.
    """

    design: Design | None
    difference: float
    bounds: Interval
    verdict: Verdict
    outcomes: int
    decided_after: int | None


class _Evidence:
    """The sums of the differences of one design."""

    def __init__(self) -> None:
        self.count, self.total, self.squares = 0, 0.0, 0.0

    def add(self, values: Floats) -> tuple[Floats, Floats]:
        """Add differences strictly in order; return their sums, and those of their squares, after each."""
        totals = np.add.accumulate(np.concatenate(([self.total], values)))
        squares = np.add.accumulate(np.concatenate(([self.squares], values * values)))
        self.count += len(values)
        self.total, self.squares = float(totals[-1]), float(squares[-1])
        return totals[1:], squares[1:]

    def bounds(self, alpha: float) -> Interval:
        """Return the bounds of the mean, which are ever wrong with this probability."""
        counts, totals, squares = np.array([[float(self.count)], [self.total], [self.squares]])
        lower, upper = mean_bounds(counts, totals, squares, alpha)
        return Interval(float(lower[0]), float(upper[0]))

    def state(self) -> list[float]:
        return [self.count, self.total, self.squares]

    def restore(self, state: Sequence[float]) -> None:
        self.count, self.total, self.squares = int(state[0]), state[1], state[2]


class Comparison:
    """A challenger against the champion, by a confidence sequence: see `stream_monitor.stats.confidence_sequences`.

    The verdict stays until the opposite one is reached, as where a version has changed.

    Args:
        design: The design; None: that by which most of the challenger's first outcomes come.
        level: The chance of a wrong verdict, see `wrong_level`.

    Attributes:
        outcomes: Outcomes of both versions so far.
    """

    def __init__(self, design: Design | None = None, level: float = MAX_WRONG) -> None:
        self._design, self._level = design, level
        self._split, self._pairs = AlternatingOutcomes(), PairedOutcomes()
        self._evidence: dict[Design, _Evidence] = {"split": _Evidence(), "shadow": _Evidence()}
        self._side = 0
        self._reached: list[tuple[Verdict, int]] = []
        self._decided_after: int | None = None
        self.outcomes = self._challenged = 0

    def update(self, outcomes: ScoredOutcomes) -> list[tuple[Verdict, int]]:
        """Add the next outcomes of both versions, n > 0; the result does not depend on where they were cut.

        Returns:
            The verdicts that were reached, each with the number of outcomes at which it was.
        """
        self._reached = []
        if self._design is None:
            due = np.flatnonzero(outcomes.is_challenger)[MIN_SETTLED - self._challenged - 1 :]
            count = int(due[0]) + 1 if len(due) else len(outcomes.scores)
            self._add(outcomes.take(slice(count)))
            outcomes = outcomes.take(slice(count, None))
            if len(due):
                self._settle()
        if len(outcomes.scores):
            self._add(outcomes)
        return self._reached

    def _add(self, outcomes: ScoredOutcomes) -> None:
        """Add outcomes to the design, or to both while it is open."""
        ids, is_challenger, scores = outcomes
        if self._design != "shadow":
            self._take("split", self._split.add(is_challenger, scores))
        if self._design != "split":
            self._take("shadow", self._pairs.add(ids, is_challenger, scores))
        self.outcomes += len(scores)
        self._challenged += int(np.count_nonzero(is_challenger))

    def _settle(self) -> None:
        """Decide the design, by the ids alone."""
        is_shadow = self._evidence["shadow"].count >= MIN_PAIRED * MIN_SETTLED
        self._design = "shadow" if is_shadow else "split"
        self._split, self._pairs = (
            (AlternatingOutcomes(), self._pairs) if is_shadow else (self._split, PairedOutcomes())
        )
        evidence = self._evidence[self._design]
        totals, squares = np.array([evidence.total]), np.array([evidence.squares])
        self._judge(totals, squares, np.array([self.outcomes]))

    def _take(self, design: Design, differences: Differences) -> None:
        """Add differences of a design; judge by them if it is that of the comparison."""
        totals, squares = self._evidence[design].add(differences.values)
        if design == self._design and len(totals):
            self._judge(totals, squares, self.outcomes + differences.rows + 1)

    def _judge(self, totals: Floats, squares: Floats, outcomes: Ints) -> None:
        """Find the last verdict that is reached.

        Args:
            totals, squares: The sums of the differences and of their squares after each of them, shape (n,).
            outcomes: The outcomes so far at each of them, shape (n,).
        """
        sides = np.sign(totals) * (np.abs(totals) >= boundary(squares, self._level))
        rows = np.flatnonzero(sides)
        changed = np.flatnonzero(np.diff(sides[rows], prepend=self._side))
        if len(changed):
            self._reached += [(VERDICTS[int(sides[row])], int(outcomes[row])) for row in rows[changed].tolist()]
            row = rows[changed[-1]]
            self._side, self._decided_after = int(sides[row]), int(outcomes[row])

    def result(self) -> ComparisonResult:
        """Return the present result."""
        evidence = self._evidence[self._design or "split"]
        return ComparisonResult(
            design=self._design,
            difference=evidence.total / evidence.count if evidence.count else math.nan,
            bounds=evidence.bounds(self._level),
            verdict=VERDICTS[self._side],
            outcomes=self.outcomes,
            decided_after=self._decided_after,
        )

    def state(self) -> dict[str, Any]:
        return {
            "design": self._design,
            "level": self._level,
            "split": self._split.state(),
            "pairs": self._pairs.state(),
            "evidence": {design: evidence.state() for design, evidence in self._evidence.items()},
            "counts": [self.outcomes, self._challenged],
            "verdict": [self._side, self._decided_after],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        self._design, self._level = state["design"], state["level"]
        self._split.restore(state["split"])
        self._pairs.restore(state["pairs"])
        for design, saved in state["evidence"].items():
            self._evidence[design].restore(saved)
        self.outcomes, self._challenged = state["counts"]
        self._side, self._decided_after = state["verdict"]
