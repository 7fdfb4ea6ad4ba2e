"""The section on estimated performance: the accuracy of the newest predictions before their labels come."""

from __future__ import annotations

import math
from collections.abc import Sequence

from stream_monitor.core.formatting import counted
from stream_monitor.pipeline.snapshot import ModelSnapshot, Snapshot
from stream_monitor.sections.section import Cell, Part, Section, Table, first

#: The maximum number of model versions that are shown.
MAX_VERSIONS = 20
_HEAD = ("Model / version", "Estimated", "Realized", "Error of past estimates", "Scores that have moved")
_NOTE = (
    "Of the newest predictions and the newest outcomes, each with its 95 % interval. An estimate sees a change of "
    "the inputs that the scores show; a change of the labels for the same inputs it cannot see."
)


def estimated_section(snapshot: Snapshot) -> Section | None:
    """Return the section; None where no version has an estimate."""
    models = [model for model in snapshot.models if model.estimated.estimates]
    if not models:
        return None
    shown, rest = first(models, MAX_VERSIONS, "version")
    table = Table(_HEAD, list(map(_row, shown)), _HEAD[1:], _HEAD[:1], f"{_NOTE} {rest}".strip())
    return Section("estimated", "Accuracy before the labels come", [Part(tables=[table])])


def _row(model: ModelSnapshot) -> Sequence[Cell | str]:
    estimate, error = model.estimated.estimates["rolling"], model.estimated.errors.get("cumulative")
    missed = Cell(f"{100 * error.value:+.1f} pp", f"over {counted(error.count, 'outcome')}") if error else Cell("–")
    return (
        " / ".join(model.key),
        Cell(f"{estimate.value:.1%}", f"{estimate.lower:.1%} to {estimate.upper:.1%}"),
        _realized(model),
        missed,
        f"{estimate.shift:.1%}",
    )


def _realized(model: ModelSnapshot) -> Cell:
    value = model.performance.measures.get("accuracy", {}).get("rolling", math.nan)
    interval = model.performance.intervals.get("rolling")
    between = f"{interval.lower:.1%} to {interval.upper:.1%}" if interval else ""
    return Cell(f"{value:.1%}", between) if math.isfinite(value) else Cell("–")
