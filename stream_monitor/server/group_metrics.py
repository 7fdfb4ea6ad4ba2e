"""The metrics of groups and of the gaps between them."""

from __future__ import annotations

from stream_monitor.performance.group_gaps import GAP_NAMES
from stream_monitor.performance.group_measures import GROUP_MEASURES
from stream_monitor.server.metric import VERSION, metric

GROUP_PREDICTIONS = metric(
    "group_predictions_total",
    "counter",
    "Predictions by group (--group); values after the first twenty are other, those without one missing.",
    *VERSION,
    "group",
    "value",
)
GROUP_OUTCOMES = metric(
    "group_outcomes_total", "counter", "Predictions that have met their label, by group.", *VERSION, "group", "value"
)
GROUP_PERFORMANCE = metric(
    "group_performance_ratio",
    "gauge",
    f"Shares of each group: {', '.join(each.name for each in GROUP_MEASURES)}.",
    *VERSION,
    "group",
    "value",
    "measure",
    "window",
)
GROUP_RESIDUAL = metric(
    "group_mean_residual",
    "gauge",
    "Mean of label less prediction in each group, of a regression, in the target's own unit.",
    *VERSION,
    "group",
    "value",
    "window",
)
FAIRNESS_GAP = metric(
    "fairness_gap",
    "gauge",
    f"Gap between the groups with --group-min-count: {', '.join(GAP_NAMES)}.",
    *VERSION,
    "group",
    "measure",
    "window",
)
FAIRNESS_GAP_LOWER = metric(
    "fairness_gap_lower", "gauge", "Lower bound of a gap's 95 % interval.", *VERSION, "group", "measure", "window"
)
FAIRNESS_GAP_UPPER = metric(
    "fairness_gap_upper", "gauge", "Upper bound of a gap's 95 % interval.", *VERSION, "group", "measure", "window"
)

#: All of them, in the order of the page.
GROUP_METRICS = (
    GROUP_PREDICTIONS,
    GROUP_OUTCOMES,
    GROUP_PERFORMANCE,
    GROUP_RESIDUAL,
    FAIRNESS_GAP,
    FAIRNESS_GAP_LOWER,
    FAIRNESS_GAP_UPPER,
)
