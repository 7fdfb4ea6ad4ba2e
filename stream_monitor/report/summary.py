"""The summary of a replay: what ``--json`` writes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from stream_monitor.actions.episode_message import episode_fields
from stream_monitor.actions.message import fields
from stream_monitor.actions.retrain_message import request_fields
from stream_monitor.actions.retrain_request import RetrainRequest
from stream_monitor.contract.tally import Example
from stream_monitor.core.events import Detection, ModelVersion
from stream_monitor.core.formatting import period_text
from stream_monitor.core.timestamps import format_timestamp
from stream_monitor.core.violations import FeatureRule
from stream_monitor.performance.class_measures import averaged, counts_of
from stream_monitor.performance.comparison import ComparisonResult
from stream_monitor.performance.measures import evaluate
from stream_monitor.performance.rollout_result import RolloutResult
from stream_monitor.pipeline.against_training import against_training
from stream_monitor.pipeline.false_alarms import unkept
from stream_monitor.pipeline.snapshot import JoinSnapshot, ModelSnapshot, PerformanceSnapshot, Snapshot
from stream_monitor.report.baselines import baselines_summary
from stream_monitor.report.estimated import estimated_summary, version_estimated
from stream_monitor.report.fairness import fairness_summary, version_fairness
from stream_monitor.stats.training_verdict import Verdict


def summarise(
    snapshot: Snapshot, detections: Sequence[Detection], caveats: Mapping[ModelVersion, Sequence[str]]
) -> dict[str, Any]:
    """Return the summary as plain values.

    Args:
        snapshot: The pipeline at the end of the files.
        detections: All detections, in order; a snapshot has the newest only.
        caveats: Those of each model version of the snapshot.
    """
    ranked = snapshot.ranked(detections)
    sides = dict(_sides(snapshot.rollouts))
    return {
        "events": snapshot.counters.predictions,
        "labels": snapshot.counters.labels,
        **_join(snapshot.join),
        "rejected": rejected(snapshot),
        "reference": [verdict for model in snapshot.models for verdict in reference(model)],
        "episodes": [episode_fields(episode) for episode in ranked.episodes],
        "violations": [
            row for model in snapshot.models for row in violations(model, snapshot.violation_examples or {})
        ],
        "detections": [fields(detection) for detection in detections],
        "small": [fields(detection) for detection in ranked.small],
        **fairness_summary(snapshot.models),
        "estimated": estimated_summary([model.estimated for model in snapshot.models]),
        "baselines": baselines_summary(snapshot.models),
        "performance": combine([model.performance for model in snapshot.models]),
        "versions": [
            {**_version(model, caveats[model.key]), **sides.get(model.key, {})} for model in snapshot.models
        ],
        "retrain": [retrain(request) for request in snapshot.actions.requests],
        "champions": {rollout.model: rollout.champion for rollout in snapshot.rollouts},
        "traffic_split": {
            rollout.model: {"p_value": rollout.split_p_value}
            for rollout in snapshot.rollouts
            if rollout.split_p_value is not None
        },
    }


def retrain(request: RetrainRequest) -> dict[str, Any]:
    """Return a retrain request, without the paths of evaluation sets, which depend on when it is sent."""
    return {name: value for name, value in request_fields(request).items() if name != "evaluation_sets"}


def reference(model: ModelSnapshot) -> list[dict[str, Any]]:
    """Return the verdict on each signal of a model version against the training data, the largest effect first."""
    return [
        {**model.key._asdict(), "signal": signal.name, **_finite(signal.verdict)}
        for signal in against_training(model)
    ]


def _finite(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict as plain values, None for what is not known."""
    fields = {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in verdict._asdict().items()
    }
    parts = [part._asdict() for part in verdict.parts]
    return {**fields, "parts": parts, "kind": "skew" if verdict.is_skew else None}


def violations(model: ModelSnapshot, examples: Mapping[FeatureRule, Example]) -> list[dict[str, Any]]:
    """Return the rules of the input contract that a version's predictions break, with the first violation of each."""
    return [
        {
            **model.key._asdict(),
            "feature": rule[0],
            "rule": rule[1],
            "count": count,
            "example": _example(examples[rule]),
        }
        for rule, count in model.violations.items()
        if count
    ]


def _example(example: Example) -> dict[str, Any]:
    violation = example.violation
    return {"row": example.row, **violation._asdict()}


def duplicates(join: JoinSnapshot) -> int:
    """Return the number of repeated predictions and labels."""
    return join.duplicate_predictions + join.duplicate_labels


def rejected(snapshot: Snapshot) -> dict[str, int]:
    """Return rejected records by reason, without reasons that never occurred."""
    return {reason.value: count for reason, count in snapshot.counters.rejected.items() if count}


def combine(performances: Sequence[PerformanceSnapshot]) -> dict[str, float]:
    """Return cumulative performance over several versions, from their totals; all measures of a single one."""
    if len(performances) == 1:
        measures = performances[0].measures
        return {name: windows["cumulative"] for name, windows in measures.items() if "cumulative" in windows}
    totals: Counter[str] = Counter()  # sums of floats too
    confusion: Counter[tuple[str, str]] = Counter()
    for performance in performances:
        totals.update(performance.totals)
        confusion.update(performance.confusion)
    return {**evaluate(totals), **averaged(counts_of(confusion))}


def _join(join: JoinSnapshot) -> dict[str, int]:
    return {
        "outcomes": join.applied_predictions,
        "duplicates": duplicates(join),
        "buffered": join.waiting_outcomes,
        "waiting": join.waiting_predictions,
        "expired": join.expired_predictions,
    }


def _sides(rollouts: Sequence[RolloutResult]) -> Iterator[tuple[ModelVersion, dict[str, Any]]]:
    """Yield each model version with its traffic and its comparison with the champion."""
    for rollout in rollouts:
        for each in rollout.versions:
            yield (
                ModelVersion(rollout.model, each.version),
                {
                    "share": each.share,
                    "first_seen": format_timestamp(each.first_ts),
                    "last_seen": format_timestamp(each.last_ts),
                    "is_champion": each.version == rollout.champion,
                    "rollback_recommended": each.is_worse,
                    "comparison": _comparison(rollout, each.comparison) if each.comparison else None,
                },
            )


def _comparison(rollout: RolloutResult, comparison: ComparisonResult) -> dict[str, Any]:
    difference = comparison.difference
    return {
        "champion": rollout.champion,
        "measure": rollout.measure,
        "design": comparison.design,
        "difference": None if math.isnan(difference) else difference,
        "lower": comparison.bounds.lower,
        "upper": comparison.bounds.upper,
        "verdict": comparison.verdict,
        "outcomes": comparison.outcomes,
        "decided_after": comparison.decided_after,
    }


def _version(model: ModelSnapshot, caveats: Sequence[str]) -> dict[str, Any]:
    performance = model.performance
    return {
        **model.key._asdict(),
        "events": model.predictions,
        "performance": performance.measures,
        "intervals": {window: list(bounds) for window, bounds in performance.intervals.items()},
        "outcomes": performance.outcomes,
        "estimated": version_estimated(model.estimated),
        "classes": performance.classes,
        "confusion": [
            {"label": label, "prediction": prediction, "outcomes": count}
            for (label, prediction), count in performance.confusion.items()
        ],
        "coverage": model.coverage,
        **({"fairness": version_fairness(model.fairness)} if model.fairness else {}),
        "seasons": [
            {"signal": signal.name, "period": period_text(period), "strength": strength}
            for signal in model.signals
            for period, strength in signal.seasons.items()
        ],
        "false_alarms": [{"signal": each.name, **each.false_alarms._asdict()} for each in unkept(model)],
        "caveats": list(caveats),
    }
