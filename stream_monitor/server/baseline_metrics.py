"""The metrics of the baselines beside the model."""

from __future__ import annotations

from stream_monitor.server.metric import VERSION, metric

_BASELINE = (*VERSION, "baseline")

BASELINE_OUTCOMES = metric(
    "baseline_outcomes_total", "counter", "Outcomes that a baseline has predicted beside the model.", *_BASELINE
)
BASELINE_RATIO = metric(
    "baseline_performance_ratio",
    "gauge",
    "Performance of a baseline without a unit: accuracy, kappa.",
    *_BASELINE,
    "measure",
    "window",
)
BASELINE_ERROR = metric(
    "baseline_performance_error",
    "gauge",
    "Performance of a baseline in the target's own unit: mae, rmse.",
    *_BASELINE,
    "measure",
    "window",
)
SKILL = metric(
    "skill_ratio",
    "gauge",
    "Share of a baseline's errors that the model avoids, over the same outcomes; below 0 the baseline is better.",
    *_BASELINE,
    "measure",
    "window",
)
BASELINE_DIFFERENCE = metric(
    "baseline_difference",
    "gauge",
    "Gain of the model over a baseline in accuracy or mae, with 95 % bounds that hold at all times at once.",
    *_BASELINE,
    "measure",
    "bound",
)
BASELINE_VERDICT = metric(
    "baseline_verdict",
    "gauge",
    "1 for the verdict on the model against a baseline: better, no_better (--baseline-min-skill), worse, undecided.",
    *_BASELINE,
    "verdict",
)
PAYOFF = metric(
    "payoff_per_outcome",
    "gauge",
    "Mean payoff of an outcome (--payoff) of the model and of each baseline, over the outcomes of this baseline.",
    *_BASELINE,
    "predictor",
    "window",
)

#: All of them, in the order of the page.
BASELINE_METRICS = (
    BASELINE_OUTCOMES,
    BASELINE_RATIO,
    BASELINE_ERROR,
    SKILL,
    BASELINE_DIFFERENCE,
    BASELINE_VERDICT,
    PAYOFF,
)
