"""The versions of a model side by side, as text."""

from __future__ import annotations

import math
from collections.abc import Iterator

import click

from stream_monitor.core.formatting import moment, plain
from stream_monitor.performance.comparison import ComparisonResult
from stream_monitor.performance.rollout_result import RolloutResult, VersionResult

#: p-value of the declared split of traffic below which it is told that the split is another one.
MAX_P_VALUE = 0.01


def show_versions(rollout: RolloutResult) -> None:
    """Print the versions of a model, where there are several or one of them was given as champion."""
    if len(rollout.versions) < 2 and not rollout.is_champion_given:
        return
    click.echo(f"\nVersions of {plain(rollout.model)}")
    for line in _lines(rollout):
        click.echo(f"  {line}")


def _lines(rollout: RolloutResult) -> Iterator[str]:
    if rollout.unseen_champion:
        yield plain(f"note: {rollout.unseen_champion}")
    for version in rollout.versions:
        role = "champion" if version.version == rollout.champion else "challenger"
        yield plain(f"{version.version}: {role}, {version.predictions:,} predictions{_times(version)}")
        if version.comparison:
            yield f"  {_compared(version.comparison, rollout)}"
        if version.is_worse:
            yield f"  going back from version {plain(version.version)} is recommended"
    p_value = rollout.split_p_value
    if p_value is not None and p_value < MAX_P_VALUE:
        yield f"note: the traffic is not split as --traffic-split says (p = {max(p_value, 1e-12):.1g})"


def _times(version: VersionResult) -> str:
    if version.first_ts is None or version.last_ts is None:
        return ""
    return f", {moment(version.first_ts)} to {moment(version.last_ts)} UTC"


def _compared(comparison: ComparisonResult, rollout: RolloutResult) -> str:
    """Return a comparison in one line."""
    champion = plain(rollout.champion)
    if math.isnan(comparison.difference):
        return f"not compared with {champion}: there are no outcomes of both at the same time"
    lower, upper = comparison.bounds
    measure = rollout.measure.replace("_", " ").replace("cliffs", "Cliff's")
    after = f", decided after {comparison.decided_after:,}" if comparison.decided_after else ""
    design = "open" if comparison.design is None else comparison.design
    is_open = comparison.verdict == "undecided"
    verdict = f"undecided against {champion}" if is_open else f"{comparison.verdict} than {champion}"
    return (
        f"{verdict}: {measure} {comparison.difference:+.4f} ({lower:+.4f} to {upper:+.4f}) over "
        f"{comparison.outcomes:,} outcomes{after}; design {design}"
    )
