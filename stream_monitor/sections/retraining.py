"""The section on retraining: the requests that were made, each with its reasons, and the reasons that wait."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from stream_monitor.actions.retrain_request import RetrainRequest
from stream_monitor.core.formatting import counted, moment
from stream_monitor.pipeline.snapshot import Snapshot
from stream_monitor.sections.section import Cell, Part, Section, Table, first

#: The maximum number of requests, of reasons of each, and of reasons that wait, that are shown.
MAX_REQUESTS, MAX_REASONS, MAX_WAITING = 20, 5, 10
_HEAD = ("Requested (UTC)", "Model / version", "Reasons", "Labelled events")


def retraining_section(snapshot: Snapshot) -> Section | None:
    """Return the section; None without policies."""
    if not snapshot.watched.retraining:
        return None
    waiting, rest = first(_waiting(snapshot), MAX_WAITING, "reason")
    lines = [f"{requests_in_words(snapshot)}.", *waiting, *filter(None, [rest])]
    newest, note = first(reversed(snapshot.actions.requests), MAX_REQUESTS, "earlier request")
    tables = [Table(_HEAD, list(map(_row, newest)), _HEAD[-1:], _HEAD[1:3], note)] if newest else []
    return Section("retraining", "Retrain requests", [Part("", lines, tables)])


def requests_in_words(snapshot: Snapshot) -> str:
    """Return the number of requests."""
    count = sum(model.requests for model in snapshot.actions.retraining)
    is_open = any(model.is_open for model in snapshot.actions.retraining)
    return f"{counted(count, 'retrain request')}{', one of them open' if is_open else ''}"


def _row(request: RetrainRequest) -> Sequence[Cell | str]:
    reasons = [reason.text for reason in request.reasons[:MAX_REASONS]]
    rest = len(request.reasons) - len(reasons)
    more = [f"and {rest:,} more"] if rest > 0 else []
    where = f"prediction {request.index:,}"
    return (
        Cell(moment(request.ts), where) if request.ts is not None else where,
        " / ".join(request.key),
        "; ".join([*reasons, *more]),
        f"{request.labels:,}",
    )


def _waiting(snapshot: Snapshot) -> Iterator[str]:
    for model in snapshot.actions.retraining:
        why = "a request is open" if model.is_open else "the cool-down or the labels are missing"
        for reason in model.waiting:
            yield f"{model.model} waits, {why}: {reason}"
