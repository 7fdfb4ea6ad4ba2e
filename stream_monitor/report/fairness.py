"""The groups of all model versions as plain values."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from stream_monitor.performance.group_gaps import Gap, is_small
from stream_monitor.performance.group_measures import GroupCounts, mean_residual, variance_of_mean
from stream_monitor.pipeline.fairness_snapshot import FairnessSnapshot
from stream_monitor.pipeline.snapshot import ModelSnapshot
from stream_monitor.stats.intervals import Z95


def combined(models: Iterable[ModelSnapshot]) -> FairnessSnapshot | None:
    """Return the groups of several model versions as those of one, cumulative only; None without groups."""
    found = [model.fairness for model in models if model.fairness]
    if not found:
        return None
    values: dict[str, dict[str, list[GroupCounts]]] = {group: {} for group in found[0].paths}
    for fairness in found:
        for group, windows in fairness.groups.items():
            for value, counts in windows["cumulative"].items():
                values[group].setdefault(value, []).append(counts)
    totals = {
        group: {value: GroupCounts.total(counts) for value, counts in each.items()} for group, each in values.items()
    }
    return replace(found[0], groups={group: {"cumulative": each} for group, each in totals.items()})


def fairness_values(fairness: FairnessSnapshot, values: Mapping[str, GroupCounts]) -> dict[str, Any]:
    """Return the measures of each value of a group; None for one that is not defined."""
    return {value: _of_value(fairness, counts) for value, counts in values.items()}


def _of_value(fairness: FairnessSnapshot, counts: GroupCounts) -> dict[str, Any]:
    found: dict[str, Any] = {
        "count": counts.predictions,
        "outcomes": counts.outcomes,
        "is_small": is_small(counts, "predictions", fairness.min_count),
    }
    for measure in fairness.measures:
        value = measure.value(counts)
        found[measure.name] = None if math.isnan(value) else value
        if not math.isnan(value):
            found[f"{measure.name}_interval"] = list(measure.interval(counts))
    if fairness.task == "regression" and counts.outcomes > 1:
        mean, reach = mean_residual(counts), Z95 * math.sqrt(variance_of_mean(counts))
        found |= {"mean_residual": mean, "mean_residual_interval": [mean - reach, mean + reach]}
    return found


def gap_values(gaps: Mapping[str, Gap]) -> dict[str, Any]:
    """Return gaps as plain values."""
    return {
        name: {
            **{key: None if math.isinf(value) else value for key, value in gap.estimate._asdict().items()},
            "highest": gap.highest,
            "lowest": gap.lowest,
        }
        for name, gap in gaps.items()
    }


def fairness_summary(models: Sequence[ModelSnapshot]) -> dict[str, Any]:
    """Return ``fairness`` and ``gaps`` over all model versions; nothing without groups."""
    fairness = combined(models)
    if not fairness:
        return {}
    groups = {group: windows["cumulative"] for group, windows in fairness.groups.items()}
    return {
        "fairness": {group: fairness_values(fairness, values) for group, values in groups.items()},
        "gaps": {group: gap_values(fairness.gaps(values)) for group, values in groups.items()},
    }


def version_fairness(fairness: FairnessSnapshot) -> dict[str, Any]:
    """Return the groups and gaps of one model version, by group and window."""
    return {
        group: {
            window: {"values": fairness_values(fairness, values), "gaps": gap_values(fairness.gaps(values))}
            for window, values in windows.items()
        }
        for group, windows in fairness.groups.items()
    }
