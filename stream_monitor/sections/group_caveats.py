"""Caveats of groups: why they are not compared as the flags ask for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from stream_monitor.performance.group_gaps import is_small
from stream_monitor.performance.group_measures import GroupCounts
from stream_monitor.performance.subgroup_codes import MAX_VALUES, MISSING_NAME, OTHER_NAME
from stream_monitor.pipeline.fairness_snapshot import FairnessSnapshot


def fairness_caveats(fairness: FairnessSnapshot) -> Iterator[str]:
    """Yield a line for each reason why groups are not compared as the flags ask for."""
    for group, windows in fairness.groups.items():
        yield from _of_group(group, fairness, windows["cumulative"])
    if fairness.task == "regression":
        return
    totals = [GroupCounts.total(windows["cumulative"].values()) for windows in fairness.groups.values()]
    if fairness.positive is None:
        yield (
            "without --positive, groups are compared by accuracy only; it names the favourable class, such as "
            "--positive yes"
        )
    elif totals and not (totals[0].selected or totals[0].positives) and totals[0].predictions:
        yield f"the positive class {fairness.positive!r} was never predicted nor a label: check --positive"


def _of_group(group: str, fairness: FairnessSnapshot, values: Mapping[str, GroupCounts]) -> Iterator[str]:
    path = fairness.paths[group]
    named = {name: counts for name, counts in values.items() if name != MISSING_NAME}
    missing = values.get(MISSING_NAME)
    if missing and not named:
        yield f"group {group}: no prediction has {path}; check --group"
        return
    if missing:
        yield f"group {group}: {missing.predictions:,} predictions have no {path}; they are left out of the gaps"
    if len(named) > MAX_VALUES:
        count = named[OTHER_NAME].predictions
        yield (
            f"group {group}: more than {MAX_VALUES} values; {count:,} predictions of later ones are {OTHER_NAME}; "
            "for numbers give bins, such as features.age:30,50"
        )
    small = [name for name, counts in named.items() if is_small(counts, "predictions", fairness.min_count)]
    if small:
        few = (
            f"{len(small)} of {len(named)} values have fewer than --group-min-count {fairness.min_count} predictions"
        )
        yield f"group {group}: {few}; they are left out of the gaps"
