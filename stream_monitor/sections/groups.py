"""The section on groups: the measures of each, and the gaps between them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping

from stream_monitor.core.formatting import short
from stream_monitor.performance.group_gaps import MEAN_RESIDUAL_GAP, Gap, is_small
from stream_monitor.performance.group_measures import GroupCounts, GroupMeasure, mean_residual, variance_of_mean
from stream_monitor.performance.subgroup_codes import MISSING_NAME
from stream_monitor.performance.windows import Window
from stream_monitor.pipeline.fairness_snapshot import FairnessSnapshot
from stream_monitor.pipeline.snapshot import ModelSnapshot, Snapshot
from stream_monitor.sections.group_caveats import fairness_caveats
from stream_monitor.sections.section import Cell, Part, Section, Table, Tone, first
from stream_monitor.stats.intervals import Z95

#: The maximum number of model versions, and of groups of each, that are shown.
MAX_VERSIONS, MAX_GROUPS = 6, 12
RATIO = "disparate_impact_ratio"

_NOTE = (
    "Below each figure its 95 % interval; a gap is told with the values that it is between, and in colour where its "
    "interval excludes that there is none."
)
_WINDOWS: Mapping[Window, str] = {"cumulative": "Cumulative", "rolling": "Rolling"}


def groups_section(snapshot: Snapshot) -> Section | None:
    """Return the section; None without groups. Versions but the one with the most predictions are folded."""
    models = [model for model in snapshot.models if model.fairness and model.predictions]
    if not models:
        return None
    models.sort(key=lambda model: -model.predictions)
    shown, note = first(models, MAX_VERSIONS, "version")
    parts = [
        part._replace(is_folded=at > 0)
        for at, model in enumerate(shown)
        for part in _parts(model, is_named=len(models) > 1)
    ]
    return Section("groups", "Groups", [Part(lines=[_NOTE]), *parts, *([Part(lines=[note])] if note else [])])


def _parts(model: ModelSnapshot, *, is_named: bool) -> Iterator[Part]:
    fairness = model.fairness
    assert fairness is not None
    name = f"{'/'.join(model.key)}: " if is_named else ""
    groups, rest = first(fairness.groups.items(), MAX_GROUPS, "group")
    for group, windows in groups:
        positive = f"; positive class {fairness.positive}" if fairness.positive is not None else ""
        tables = [_values(fairness, windows["cumulative"])]
        if gaps := _gaps(fairness, windows):
            tables.append(gaps)
        origin = "" if fairness.paths[group] == group else f" ({fairness.paths[group]}{positive})"
        yield Part(f"{name}{group}{origin}", tables=tables)
    if notes := [*fairness_caveats(fairness), *filter(None, [rest])]:
        yield Part(f"{name}what is not compared, or not shown", [f"{note[0].upper()}{note[1:]}" for note in notes])


def _values(fairness: FairnessSnapshot, values: Mapping[str, GroupCounts]) -> Table:
    """Return a table of the values of a group."""
    heads = [measure.name.replace("_", " ").capitalize() for measure in fairness.measures]
    residual = ["Mean residual"] if fairness.task == "regression" else []
    numbers = ["Predictions", "Outcomes", *heads, *residual]
    rows = [list(_cells(fairness, value, counts)) for value, counts in values.items()]
    return Table(["Value", *numbers], rows, numbers, ["Value"])


def _cells(fairness: FairnessSnapshot, value: str, counts: GroupCounts) -> Iterator[Cell | str]:
    is_left_out = value == MISSING_NAME or is_small(counts, "predictions", fairness.min_count)
    why = "no value: not compared" if value == MISSING_NAME else f"fewer than {fairness.min_count}: not compared"
    yield Cell(value, why if is_left_out else "")
    yield from (f"{counts.predictions:,}", f"{counts.outcomes:,}")
    yield from (_share(measure, counts) for measure in fairness.measures)
    if fairness.task == "regression":
        yield _residual(counts)


def _share(measure: GroupMeasure, counts: GroupCounts) -> Cell:
    share = measure.value(counts)
    if math.isnan(share):
        return Cell("–")
    if measure.name == "label_coverage":
        return Cell(f"{share:.1%}")
    lower, upper = measure.interval(counts)
    return Cell(f"{share:.1%}", f"{lower:.1%} to {upper:.1%}")


def _residual(counts: GroupCounts) -> Cell:
    if counts.outcomes < 2:
        return Cell(short(mean_residual(counts), 4))
    mean, reach = mean_residual(counts), Z95 * math.sqrt(variance_of_mean(counts))
    return Cell(short(mean, 4), f"{short(mean - reach, 4)} to {short(mean + reach, 4)}")


def _gaps(fairness: FairnessSnapshot, windows: Mapping[Window, Mapping[str, GroupCounts]]) -> Table | None:
    """Return a table of the gaps between the values of a group; None without any."""
    found = {window: fairness.gaps(windows[window]) for window in _WINDOWS if window in windows}
    names = list(dict.fromkeys(name for gaps in found.values() for name in gaps))
    heads = [_WINDOWS[window] for window in found]
    rows: list[list[Cell | str]] = [
        [name.replace("_", " "), *(_gap(name, gaps.get(name)) for gaps in found.values())] for name in names
    ]
    return Table(["Gap", *heads], rows, heads, ["Gap"]) if rows else None


def _gap(name: str, gap: Gap | None) -> Cell:
    if gap is None:
        return Cell("–")
    value, lower, upper = (gap_text(name, each) for each in gap.estimate)
    return Cell(value, f"{lower} to {upper}; {gap.highest} over {gap.lowest}", _tone(name, gap))


def gap_text(name: str, value: float) -> str:
    """Return a gap as text: a difference of shares in percentage points, another one as a number.

    pp stands for percentage points.

    >>> gap_text("accuracy_gap", 0.0312), gap_text("disparate_impact_ratio", 0.79)
    ('3.1 pp', '0.79')
    """
    if not math.isfinite(value):
        return "∞" if value > 0 else "–"
    is_number = name in (RATIO, MEAN_RESIDUAL_GAP)
    return short(value, 3) if is_number else f"{100.0 * value:.1f} pp"


def _tone(name: str, gap: Gap) -> Tone:
    is_gap = gap.estimate.upper < 1.0 if name == RATIO else gap.estimate.lower > 0.0
    return "bad" if is_gap else ""


def widest_gap(models: Iterable[ModelSnapshot]) -> str:
    """Return the widest gap of accuracy (of a regression: of residuals) of all groups, in words; empty without."""
    found: list[tuple[float, str]] = []
    for model in models:
        for group, windows in (model.fairness.groups if model.fairness else {}).items():
            assert model.fairness is not None
            for name, gap in model.fairness.gaps(windows["cumulative"]).items():
                if name in ("accuracy_gap", MEAN_RESIDUAL_GAP):
                    value, lower, upper = (gap_text(name, each) for each in gap.estimate)
                    told = f"{name.replace('_', ' ')} of {group} {value} ({lower} to {upper})"
                    found.append((gap.estimate.value, f"widest {told}, {gap.highest} over {gap.lowest}"))
    return max(found)[1] if found else ""
