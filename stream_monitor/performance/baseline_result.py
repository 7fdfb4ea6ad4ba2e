"""A baseline beside the model, as plain values: its performance, the model's skill over it, and a verdict."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from stream_monitor.performance.windows import Window
from stream_monitor.stats.intervals import Interval

#: A value of each window, by the name of the measure.
ByMeasure = Mapping[str, Mapping[Window, float]]
BaselineVerdict = Literal["better", "no_better", "worse", "undecided"]
BASELINE_VERDICTS: tuple[BaselineVerdict, ...] = ("better", "no_better", "worse", "undecided")


@dataclass(frozen=True, slots=True)
class BaselineResult:
    """A baseline beside the model, over the same outcomes.

    Attributes:
        name: The baseline.
        outcomes: Outcomes that both have predicted.
        measure: What the difference is of: ``accuracy``, or ``mae`` of a regression.
        performance, model: The performance of the baseline and of the model over these outcomes.
        skill: The share of the baseline's errors that the model avoids, by measure of the errors.
        difference: How much better the model is by ``measure``; NaN before the first outcome.
        bounds: Bounds of the difference that hold at all times at once, with a probability of 95 %.
        verdict: Whether the model is ``better`` than the baseline, ``no_better`` by what matters, ``worse``, or
            ``undecided``.
        payoff, model_payoff: The mean payoff of an outcome, by window; empty where none is given.
        unknown_payoff: Classes that the payoff names and that never came.
    """

    name: str
    outcomes: int
    measure: str
    performance: ByMeasure
    model: ByMeasure
    skill: ByMeasure
    difference: float
    bounds: Interval
    verdict: BaselineVerdict
    payoff: Mapping[Window, float] = field(default_factory=dict)
    model_payoff: Mapping[Window, float] = field(default_factory=dict)
    unknown_payoff: Sequence[str] = ()


def skill(model: float, baseline: float, best: float) -> float:
    """Return the share of the way from the baseline to the best possible performance that the model goes.

    Of accuracy, whose best is 1, that is (model - baseline) / (1 - baseline), known as kappa M for the majority class
    and as kappa temporal for the last label; of an error, whose best is 0, it is 1 - model / baseline.

    Sources: A. Bifet, G. de Francisci Morales, J. Read, G. Holmes, B. Pfahringer, "Efficient online evaluation of big
    data stream classifiers", KDD 2015, pp. 59-68; I. Žliobaitė, A. Bifet, J. Read, B. Pfahringer, G. Holmes,
    "Evaluation methods and decision theory for classification of streaming data with temporal dependence", Machine
    Learning 98 (2015), pp. 455-482.

    Returns:
        At most 1, below 0 where the baseline is better; NaN where the baseline is the best possible.

    >>> skill(0.75, 0.5, best=1.0), skill(3.0, 4.0, best=0.0), skill(1.0, 1.0, best=1.0)
    (0.5, 0.25, nan)
    """
    return (model - baseline) / (best - baseline) if baseline != best else math.nan


def judge(bounds: Interval, error: float, min_skill: float) -> BaselineVerdict:
    """Return the verdict by the bounds of the difference.

    Args:
        bounds: The bounds of the difference; above 0 the model is better.
        error: The error of the baseline.
        min_skill: The smallest skill that matters.

    >>> judge(Interval(0.01, 0.03), 0.2, 0.05), judge(Interval(-0.01, 0.005), 0.2, 0.05)
    ('better', 'no_better')
    """
    if bounds.lower > 0.0:
        return "better"
    if bounds.upper < 0.0:
        return "worse"
    return "no_better" if bounds.upper < min_skill * error else "undecided"
