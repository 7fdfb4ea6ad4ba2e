"""The section on versions: who runs, since when, and which is better."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from stream_monitor.core.events import ModelVersion
from stream_monitor.core.formatting import counted, moment, percent, short
from stream_monitor.performance.comparison import ComparisonResult, Verdict
from stream_monitor.performance.rollout_result import RolloutResult, VersionResult
from stream_monitor.pipeline.snapshot import DeploymentSnapshot, ModelSnapshot, Snapshot
from stream_monitor.sections.section import Cell, Part, Section, Table, Tone, first

#: p-value of the declared split of traffic below which it is told that the split is another one.
MAX_P_VALUE = 0.01
#: The maximum number of models that are shown.
MAX_MODELS = 20

_HEAD = (
    "Version",
    "Role",
    "Predictions",
    "Traffic now",
    "First seen",
    "Last seen",
    "Performance",
    "Difference",
    "Verdict",
)
_NOTE = "Bounds of a difference hold at all times at once, with a probability of 95 %; above 0 the version is better."
_NUMBERS = ("Predictions", "Traffic now", "Performance", "Difference", "Outcomes")
_TONES: Mapping[Verdict, Tone] = {"better": "good", "worse": "bad", "undecided": ""}


def versions_section(snapshot: Snapshot) -> Section | None:
    """Return the section; None where each model has one version alone, no champion is given and nothing deployed."""
    rollouts, note = first(filter(_is_told, snapshot.rollouts), MAX_MODELS, "model")
    models = {model.key: model for model in snapshot.models}
    parts = [_part(rollout, models) for rollout in rollouts]
    if note:
        parts.append(Part(lines=[note]))
    if snapshot.deployments:
        parts.append(Part("Deployment by Git", [f"{deployments_in_words(snapshot.deployments)}."]))
    return Section("versions", "Versions", parts) if parts else None


def _is_told(rollout: RolloutResult) -> bool:
    return len(rollout.versions) > 1 or rollout.is_champion_given or rollout.split_p_value is not None


def _part(rollout: RolloutResult, models: Mapping[ModelVersion, ModelSnapshot]) -> Part:
    rows = [_row(rollout, each, models.get(ModelVersion(rollout.model, each.version))) for each in rollout.versions]
    table = Table(_HEAD, rows, _NUMBERS, ["Version", "Verdict"], _NOTE if len(rows) > 1 else "")
    return Part(rollout.model, _split(rollout), [table], list(_warnings(rollout)))


def _row(rollout: RolloutResult, version: VersionResult, model: ModelSnapshot | None) -> Sequence[Cell | str]:
    comparison = version.comparison
    return (
        version.version,
        _role(rollout, version),
        f"{version.predictions:,}",
        percent(version.share),
        _when(version.first_ts),
        _when(version.last_ts),
        _performance(model),
        _difference(comparison),
        _verdict(comparison),
    )


def _role(rollout: RolloutResult, version: VersionResult) -> str:
    if version.version == rollout.champion:
        return "champion"
    return "challenger" if rollout.unseen_champion is None else "–"


def _when(ts: float | None) -> Cell:
    """Return a day, with the time below it."""
    day, _, time = moment(ts).partition(" ")
    return Cell(day or "–", time)


def _performance(model: ModelSnapshot | None) -> Cell:
    """Return the accuracy, or of a regression the mean absolute error, over all outcomes."""
    measures = model.performance.measures if model else {}
    for name in ("accuracy", "mae"):
        value = measures.get(name, {}).get("cumulative", math.nan)
        if model and math.isfinite(value):
            outcomes = counted(int(model.performance.outcomes.get("cumulative", 0)), "outcome")
            shown = percent(value) if name == "accuracy" else short(value, 4)
            return Cell(shown, f"{name.replace('mae', 'MAE')}, {outcomes}")
    return Cell("–")


def _difference(comparison: ComparisonResult | None) -> Cell:
    if comparison is None or math.isnan(comparison.difference):
        return Cell("–")
    lower, upper = comparison.bounds
    return Cell(f"{comparison.difference:+.4f}", f"{lower:+.4f} to {upper:+.4f}")


def _verdict(comparison: ComparisonResult | None) -> Cell:
    if comparison is None:
        return Cell("")
    if math.isnan(comparison.difference):
        return Cell("not compared", "no outcomes of both at the same time")
    after = f"after {counted(comparison.decided_after, 'outcome')}" if comparison.decided_after else ""
    of = after or f"of {counted(comparison.outcomes, 'outcome')}"
    design = f"; {comparison.design}" if comparison.design else ""
    return Cell(comparison.verdict, f"{of}{design}", _TONES[comparison.verdict])


def _split(rollout: RolloutResult) -> Sequence[str]:
    p_value = rollout.split_p_value
    if p_value is None or p_value < MAX_P_VALUE:
        return ()
    return (f"The traffic is split as --traffic-split says, as far as can be told (p = {p_value:.2g}).",)


def _warnings(rollout: RolloutResult) -> Iterator[str]:
    if rollout.unseen_champion:
        yield rollout.unseen_champion
    for version in rollout.versions:
        if version.is_worse:
            yield f"Going back from version {version.version} is recommended."
    p_value = rollout.split_p_value
    if p_value is not None and p_value < MAX_P_VALUE:
        yield f"The traffic is not split as --traffic-split says (p = {max(p_value, 1e-12):.1g})."


def deployments_in_words(deployments: DeploymentSnapshot) -> str:
    """Return what became of the versions that a verdict favoured."""
    outcomes = [f"{count:,} {outcome}" for outcome, count in deployments.outcomes.items() if count]
    faults = [f"{count:,} failed: {fault.replace('_', ' ')}" for fault, count in deployments.faults.items() if count]
    waiting = [f"{deployments.waiting:,} waiting"] if deployments.waiting else []
    return ", ".join([*outcomes, *waiting, *faults]) or "no version so far"


def versions_in_words(rollouts: Sequence[RolloutResult]) -> str:
    """Return the number of versions, and the verdicts on them."""
    count = sum(len(rollout.versions) for rollout in rollouts)
    told = [
        f"{version.version} is {version.comparison.verdict} than {rollout.champion}"
        for rollout in rollouts
        for version in rollout.versions
        if version.comparison and version.comparison.verdict != "undecided"
    ]
    shown, rest = first(told, 3, "verdict")
    return "; ".join(
        [f"{counted(count, 'version')} of {counted(len(rollouts), 'model')}", *shown, *filter(None, [rest])]
    )
