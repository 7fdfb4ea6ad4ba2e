"""The section on evaluation sets: those that are written, what they have, and how often they were looked at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from stream_monitor.actions.evaluation_manifest import WrittenSet
from stream_monitor.core.formatting import counted, moment, percent, span
from stream_monitor.pipeline.evaluation_snapshot import EvaluationSnapshot
from stream_monitor.pipeline.snapshot import Snapshot
from stream_monitor.sections.section import Cell, Part, Section, Table

#: The maximum number of classes, and of versions, of a set that are shown.
MAX_NAMES = 4
_HEAD = ("Window (UTC)", "Model", "Rows", "Labelled", "Classes", "Versions", "Looks")


def evaluation_section(snapshot: Snapshot) -> Section | None:
    """Return the section; None where no sets are written."""
    if not snapshot.watched.evaluation:
        return None
    evaluation = snapshot.evaluation
    rows = [
        (
            Cell(moment(each.start), f"for {span(each.end - each.start)}"),
            each.model,
            f"{each.rows:,}",
            "–" if each.coverage is None else percent(each.coverage),
            "–" if each.classes is None else _counts(each.classes),
            _counts(each.versions),
            _looks(each),
        )
        for each in evaluation.sets
    ]
    numbers, long = ("Rows", "Labelled"), ("Classes", "Versions")
    tables = [Table(_HEAD, rows, numbers, long, "The newest sets of the directory.")] if rows else []
    part = Part("", [f"{sets_in_words(evaluation)}."], tables, list(_warnings(evaluation)))
    return Section("evaluation-sets", "Evaluation sets", [part])


def sets_in_words(evaluation: EvaluationSnapshot) -> str:
    """Return the number of sets that were written and that wait to be."""
    waiting = f", {evaluation.waiting:,} to be written" if evaluation.waiting else ""
    return f"{counted(evaluation.written, 'set')} written{waiting}"


def _warnings(evaluation: EvaluationSnapshot) -> Iterator[str]:
    if evaluation.failures:
        yield f"{counted(evaluation.failures, 'attempt')} to write a set failed; they are repeated."
    if evaluation.late:
        yield f"{counted(evaluation.late, 'chosen prediction')} came after the window was closed, and are in no set."
    if evaluation.dropped:
        yield f"{counted(evaluation.dropped, 'set')} dropped, as too many were kept."


def _counts(counts: Mapping[str, int]) -> str:
    names = [f"{name}: {count:,}" for name, count in list(counts.items())[:MAX_NAMES]]
    rest = len(counts) - len(names)
    return ", ".join(names) + (f" and {rest:,} more" if rest > 0 else "")


def _looks(found: WrittenSet) -> Cell:
    looks = counted(found.looks, "look") if found.looks else "none"
    return Cell("sealed" if found.is_sealed else looks, "until compare --final" if found.is_sealed else "")
