"""Every metric: its name, kind, help and label names."""

from __future__ import annotations

from stream_monitor.performance.class_measures import CLASS_MEASURES
from stream_monitor.performance.known_measures import KNOWN
from stream_monitor.performance.measures import EXPORTED_SUMS
from stream_monitor.performance.score_measures import RANKED
from stream_monitor.server.action_metrics import ACTION_METRICS
from stream_monitor.server.baseline_metrics import BASELINE_METRICS
from stream_monitor.server.estimated_metrics import ESTIMATED_METRICS
from stream_monitor.server.group_metrics import GROUP_METRICS
from stream_monitor.server.metric import VERSION as _VERSION
from stream_monitor.server.metric import Metric
from stream_monitor.server.metric import metric as _metric
from stream_monitor.server.version_metrics import VERSION_METRICS

_DRIFT = (*_VERSION, "signal", "detector")


def _names(*, is_unitless: bool) -> str:
    return ", ".join(name for name, measure in KNOWN.items() if measure.is_unitless == is_unitless)


PREDICTIONS = _metric("predictions_total", "counter", "Predictions taken in, duplicates aside.", *_VERSION)
OUTCOMES = _metric("outcomes_total", "counter", "Predictions that have met their label.", *_VERSION)
#: Counters of the sums that measures are formulas of, by the name of the sum.
OUTCOME_SUMS = {
    name: _metric(f"outcomes_{name}_total", "counter", text, *_VERSION) for name, text in EXPORTED_SUMS.items()
}
CONFUSION = _metric(
    "outcomes_confusion_total",
    "counter",
    "Outcomes of a classification by label and prediction; classes after the first twenty are (others).",
    *_VERSION,
    "y_true",
    "y_pred",
)
PERFORMANCE_RATIO = _metric(
    "performance_ratio",
    "gauge",
    f"Performance without a unit: {_names(is_unitless=True)}.",
    *_VERSION,
    "measure",
    "window",
)
PERFORMANCE_ERROR = _metric(
    "performance_error",
    "gauge",
    f"Performance in the target's own unit: {_names(is_unitless=False)}.",
    *_VERSION,
    "measure",
    "window",
)
PERFORMANCE_LOWER = _metric(
    "performance_lower_ratio",
    "gauge",
    "Lower bound of the 95 % Wilson interval of accuracy.",
    *_VERSION,
    "measure",
    "window",
)
PERFORMANCE_UPPER = _metric(
    "performance_upper_ratio",
    "gauge",
    "Upper bound of the 95 % Wilson interval of accuracy.",
    *_VERSION,
    "measure",
    "window",
)
PERFORMANCE_CLASS = _metric(
    "performance_class_ratio",
    "gauge",
    f"Performance of each class without a unit: {', '.join((*(each.name for each in CLASS_MEASURES), *RANKED))}.",
    *_VERSION,
    "class",
    "measure",
    "window",
)
PERFORMANCE_OUTCOMES = _metric(
    "performance_outcomes",
    "gauge",
    "Outcomes that performance is taken over; for the decayed window, the number of equal weight as sure as they.",
    *_VERSION,
    "window",
)
MATURE = _metric("predictions_mature_total", "counter", "Predictions at least as old as --label-maturity.", *_VERSION)
MATURE_LABELLED = _metric(
    "predictions_mature_labelled_total", "counter", "Mature predictions whose label has come.", *_VERSION
)
COVERAGE = _metric("label_coverage_ratio", "gauge", "Share of mature predictions whose label has come.", *_VERSION)
LABEL_DELAY = _metric("label_delay_seconds", "histogram", "Time from a prediction to its label.", *_VERSION)
SMALL_CHANGES = _metric(
    "drift_small_changes_total", "counter", "Changes that are too small to matter (--min-effect).", *_DRIFT
)
DRIFTS = _metric("drift_detections_total", "counter", "Drifts detected.", *_DRIFT)
DRIFT_TIME = _metric(
    "drift_last_detection_timestamp_seconds", "gauge", "Event time of the last drift detected.", *_DRIFT
)
DRIFT_BEFORE = _metric("drift_mean_before", "gauge", "Mean before the last drift, in the signal's own unit.", *_DRIFT)
DRIFT_AFTER = _metric("drift_mean_after", "gauge", "Mean after the last drift, in the signal's own unit.", *_DRIFT)
DRIFT_EFFECT = _metric(
    "drift_effect_size",
    "gauge",
    "Size of the last drift: Cohen's d of normal scores, of shares Cohen's h; 0.2 is small, 0.8 large.",
    *_DRIFT,
)
DRIFT_ACTIVE = _metric(
    "drift_active",
    "gauge",
    "1 from a drift until the signal is near its reference again, or --rearm-after has passed.",
    *_VERSION,
    "signal",
)
FALSE_ALARM_RATIO = _metric(
    "false_alarm_ratio",
    "gauge",
    "False alarms of a signal per promised one, by its variance and its past alarms; 1: nothing speaks against it.",
    *_VERSION,
    "signal",
)
EPISODES = _metric(
    "drift_episodes_total", "counter", "Changes, each of them in one signal or in many at once.", *_VERSION
)
DISTANCE = _metric(
    "reference_distance",
    "gauge",
    "Distance of a signal's newest 1,000 values to its reference, which stays as it was, by measure.",
    *_VERSION,
    "signal",
    "measure",
)
DISTANCE_THRESHOLD = _metric(
    "reference_distance_threshold",
    "gauge",
    "Distance above which a signal is another than its reference; absent where too few independent values tell.",
    *_VERSION,
    "signal",
    "measure",
)
VERDICT = _metric(
    "reference_verdict",
    "gauge",
    "1 for a signal's verdict against the training data, 0 for the others: same, shifted, not_enough_data.",
    *_VERSION,
    "signal",
    "verdict",
)
BATCH_LENGTH = _metric(
    "signal_batch_length",
    "gauge",
    "Values that are averaged before a detector sees them, because they depend on each other.",
    *_VERSION,
    "signal",
)
EFFECTIVE = _metric(
    "signal_effective_samples",
    "gauge",
    "Independent values that a signal's detectors have seen since they last started; 0 in the warm-up.",
    *_VERSION,
    "signal",
)
SEASONAL_STRENGTH = _metric(
    "seasonal_strength",
    "gauge",
    "Share of a signal's variance that the season of this period explains, from 0 to 1, where it is taken out.",
    *_VERSION,
    "signal",
    "period",
)
SIGNAL_MEAN = _metric(
    "signal_mean", "gauge", "Mean of a signal's newest 1,000 values, in its own unit.", *_VERSION, "signal"
)
FEATURE_VALUES = _metric(
    "feature_values_total",
    "counter",
    "Values of a feature: numeric, text (a category), missing (null, absent, not finite), other (a list, an object).",
    *_VERSION,
    "feature",
    "kind",
)
VIOLATIONS = _metric(
    "feature_type_violations_total",
    "counter",
    "Values that are not of the feature's type: text in a numeric one, numbers in one of text.",
    *_VERSION,
    "feature",
)
FEATURE_VIOLATIONS = _metric(
    "feature_violations_total",
    "counter",
    "Predictions that break a rule of the input contract: missing, type, range, category, pattern, unknown.",
    *_VERSION,
    "feature",
    "rule",
)
INVALID = _metric("predictions_invalid_total", "counter", "Predictions that break the input contract.", *_VERSION)
FEATURES_IGNORED = _metric(
    "features_ignored_total",
    "counter",
    "New features of records that alone exceed --max-features.",
    *_VERSION,
)
LABELS = _metric("labels_total", "counter", "Labels taken in, inside predictions or alone, duplicates aside.")
WAITING = _metric("waiting_predictions", "gauge", "Predictions that wait for their label.")
WAITING_LABELS = _metric("waiting_labels", "gauge", "Labels that wait for their prediction.")
WAITING_OUTCOMES = _metric(
    "waiting_outcomes",
    "gauge",
    "Labelled predictions in the maturity buffer, until they are as old as --label-maturity.",
)
EXPIRED = _metric("predictions_expired_total", "counter", "Predictions whose label did not come in time.")
LABELS_EXPIRED = _metric("labels_expired_total", "counter", "Labels whose prediction did not come in time.")
DUPLICATE_PREDICTIONS = _metric("predictions_duplicate_total", "counter", "Repeated predictions; they count once.")
DUPLICATE_LABELS = _metric("labels_duplicate_total", "counter", "Repeated labels; they count once.")
LABELS_REVISED = _metric(
    "labels_revised_total", "counter", "Repeated labels that say something else; --label-updates tells which holds."
)
OUTCOMES_EVICTED = _metric(
    "outcomes_evicted_total", "counter", "Outcomes of versions that were evicted before their label came."
)
RECORDS = _metric("records_total", "counter", "Records read.", "topic")
APPLIED = _metric(
    "records_applied_total", "counter", "Predictions whose outcome was applied, labels that found theirs.", "kind"
)
HANDED_OVER = _metric(
    "records_handed_over_total", "counter", "Records that waited when their partition went to another replica."
)
RESTORED = _metric(
    "records_restored", "gauge", "Records that wait or waited here because a partition was restored on its arrival."
)
RECORDS_LOST = _metric(
    "records_lost_total", "counter", "Records that the topic's retention removed before they were read.", "topic"
)
UNACCOUNTED = _metric(
    "records_unaccounted",
    "gauge",
    "Read and restored, less applied, rejected, duplicate, waiting, expired and handed over: 0, or it is a bug.",
)
REJECTED = _metric("records_rejected_total", "counter", "Records that could not be used, by reason.", "reason")
DEAD_LETTERS = _metric(
    "dead_letters_total",
    "counter",
    "Records written to --dead-letter-topic, by the reason of the rejection, or contract.",
    "reason",
)
DEAD_LETTER_ERRORS = _metric(
    "dead_letter_errors_total",
    "counter",
    "Failed attempts to write dead letters; nothing is read until one succeeds.",
)
TIMESTAMPS_REPLACED = _metric(
    "timestamps_replaced_total",
    "counter",
    "Event times that can't be right; the record's own time was taken.",
)
EVICTED = _metric("evicted_total", "counter", "Models, versions and features evicted past their bound.", "kind")
EVALUATION_WRITTEN = _metric("evaluation_sets_written_total", "counter", "Evaluation sets written.")
EVALUATION_WAITING = _metric("evaluation_sets_waiting", "gauge", "Closed evaluation sets that are not written yet.")
EVALUATION_FAILURES = _metric(
    "evaluation_write_failures_total", "counter", "Failed attempts to write an evaluation set."
)
EVALUATION_LATE = _metric(
    "evaluation_predictions_late_total", "counter", "Chosen predictions that came after their evaluation set."
)
EVALUATION_DROPPED = _metric(
    "evaluation_sets_dropped_total", "counter", "Evaluation sets dropped because too many were waiting."
)
LAG = _metric("consumer_lag_records", "gauge", "Records behind the end of the partition.", "topic", "partition")
SOURCE_ERRORS = _metric("source_errors_total", "counter", "Failed attempts to read the source.")
LAST_PASS = _metric("loop_age_seconds", "gauge", "Time since the last pass of the loop.")
RENDER_FAILURES = _metric(
    "render_failures_total", "counter", "Models left out of a scrape or page because of an error."
)
BUILD_INFO = _metric("build_info", "gauge", "Always 1; the versions are its label values.", "version", "python")

_VALUES = [
    each for value in list(globals().values()) for each in (value.values() if value is OUTCOME_SUMS else [value])
]
#: All of them, in the order of the page.
CATALOG: tuple[Metric, ...] = (
    *(each for each in _VALUES if isinstance(each, Metric)),
    *ESTIMATED_METRICS,
    *GROUP_METRICS,
    *BASELINE_METRICS,
    *VERSION_METRICS,
    *ACTION_METRICS,
)
