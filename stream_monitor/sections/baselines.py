"""The section on baselines: simple predictions beside the model's, and whether it is worth its price."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from stream_monitor.core.formatting import counted, short
from stream_monitor.performance.baseline_result import BaselineResult, BaselineVerdict
from stream_monitor.performance.windows import Window
from stream_monitor.pipeline.snapshot import ModelSnapshot, Snapshot
from stream_monitor.sections.section import Cell, Part, Section, Table, Tone, first

#: The maximum number of model versions that are shown.
MAX_VERSIONS = 20
#: The verdicts on the model in words, each with its tone.
VERDICTS: Mapping[BaselineVerdict, tuple[str, Tone]] = {
    "better": ("the model is better", "good"),
    "no_better": ("the model is no better", "bad"),
    "worse": ("the model is worse", "bad"),
    "undecided": ("undecided", ""),
}
_NOTE = (
    "Over the same outcomes. Skill: the share of the baseline's errors that the model avoids. Bounds of a difference "
    "hold at all times at once, with a probability of 95 %; above 0 the model is better."
)


def baselines_section(snapshot: Snapshot) -> Section | None:
    """Return the section; None without baselines, or before the first outcome."""
    models = [model for model in snapshot.models if any(each.outcomes for each in model.baselines)]
    if not models:
        return None
    shown, note = first(models, MAX_VERSIONS, "version")
    parts = [_part(model, is_named=len(models) > 1) for model in shown]
    return Section("baselines", "Baselines", [*parts, Part(lines=[f"{_NOTE} {note}".strip()])])


def _part(model: ModelSnapshot, *, is_named: bool) -> Part:
    found = [each for each in model.baselines if each.outcomes]
    payoffs = ["Payoff", "The model's payoff"] if found[0].payoff else []
    head = ["Baseline", _named(found[0].measure), "The model's", "Skill", "Difference", *payoffs, "Verdict"]
    table = Table(head, [list(_cells(each)) for each in found], head[1:-1], [head[0], head[-1]])
    unknown = sorted({name for each in found for name in each.unknown_payoff})
    warnings = [f"--payoff: no outcome so far has the class {', '.join(unknown)}."] if unknown else []
    return Part("/".join(model.key) if is_named else "", tables=[table], warnings=warnings)


def _cells(result: BaselineResult) -> Iterator[Cell | str]:
    yield Cell(result.name.replace("_", " "), f"over {counted(result.outcomes, 'outcome')}")
    for side in (result.performance, result.model):
        yield _performance(result.measure, side.get(result.measure, {}))
    yield _share(result.skill.get(result.measure, {}).get("cumulative", math.nan))
    yield _difference(result)
    if result.payoff:
        yield from (short(each.get("cumulative"), 4) for each in (result.payoff, result.model_payoff))
    told, tone = VERDICTS[result.verdict]
    yield Cell(told, "", tone)


def _performance(measure: str, windows: Mapping[Window, float]) -> Cell:
    """Return a performance over all outcomes, and below it over the newest ones."""
    shown = [
        _share(windows.get(window, math.nan)) if measure == "accuracy" else short(windows.get(window), 4)
        for window in ("cumulative", "rolling")
    ]
    return Cell(shown[0], f"rolling {shown[1]}")


def _share(value: float) -> str:
    return f"{value:.1%}" if math.isfinite(value) else "–"


def _difference(result: BaselineResult) -> Cell:
    if not math.isfinite(result.difference):
        return Cell("–")
    values = [result.difference, *result.bounds]
    value, lower, upper = (f"{each:+.4f}" if result.measure == "accuracy" else _signed(each) for each in values)
    return Cell(value, f"{lower} to {upper}" if math.isfinite(result.bounds.lower) else "")


def _signed(value: float) -> str:
    return f"{'+' if value > 0 else ''}{short(value, 4)}"


def _named(measure: str) -> str:
    return {"mae": "MAE"}.get(measure, measure.capitalize())


def baselines_in_words(models: Sequence[ModelSnapshot]) -> str:
    """Return the verdicts against the model, or the number of baselines that it is better than."""
    found = [each.verdict for model in models for each in model.baselines if each.outcomes]
    told = [
        f"{'/'.join(model.key)}: {VERDICTS[each.verdict][0]} than {each.name.replace('_', ' ')}"
        for model in models
        for each in model.baselines
        if each.outcomes and each.verdict in ("no_better", "worse")
    ]
    if not told:
        better = f"the model is better than {found.count('better')} of {counted(len(found), 'baseline')}"
        return better if "better" in found else "no verdict yet"
    shown, rest = first(told, 3, "verdict")
    return "; ".join([*shown, *filter(None, [rest])])
