"""Entries as rows."""

from __future__ import annotations

import math
from typing import Any

from stream_monitor.core.arrays import optional
from stream_monitor.core.events import ModelVersion, Target
from stream_monitor.join.entry import Done, Entry, Known, Labelled, Waiting
from stream_monitor.join.rows import LABELLED, WAITING, Rows

_WAITING = (
    *("identity", "number", "order", "index", "ts", "target", "key", "epoch", "score", "probabilities", "subgroup"),
)
_LABELLED = ("identity", "number", "key", "target", "ts", "order", "epoch", "label_ts", "scope")


def row_of(entry: Entry) -> dict[str, Any] | None:
    """Return the columns of an entry's row, None for an entry that does not fit into one."""
    waiting, early, done = entry.waiting, entry.early, entry.done
    if len(waiting) == 1 and not (early or done):
        return _of_waiting(waiting[0])
    if done and len(done.labelled) == 1 and not (waiting or early):
        return _of_labelled(done)
    return None


def entry_of(rows: Rows, row: int) -> Entry:
    """Return the entry of a row."""
    if rows["state"][row] == WAITING:
        _, number, order, index, ts, y_pred, key, epoch, score, *rest = rows.get(row, _WAITING)
        output = y_pred, *key, epoch, optional(score), *rest
        return Entry([Waiting(number, order, index, optional(ts), *output)], [], None)
    _, number, (model, version), y_true, ts, order, epoch, label_ts, scope = rows.get(row, _LABELLED)
    known = [] if scope is None else [Known(optional(label_ts), y_true, *scope)]
    return Entry([], [], Done(number, epoch, [Labelled(model, version, y_true, optional(ts), order, epoch)], known))


def _of_waiting(waiting: Waiting) -> dict[str, Any]:
    number, order, index, ts, y_pred, model, version, epoch, score, probabilities, subgroup = waiting
    return {
        "state": WAITING,
        "number": number,
        "order": order,
        "index": index,
        "ts": math.nan if ts is None else ts,
        "epoch": epoch,
        "key": ModelVersion(model, version),
        "target": y_pred,
        "score": math.nan if score is None else score,
        "probabilities": probabilities,
        "subgroup": subgroup,
        "scope": None,
    }


def _of_labelled(done: Done) -> dict[str, Any] | None:
    """Return the columns, None where the id counts in another epoch, or its labels have another target."""
    model, version, y_true, ts, order, epoch = done.labelled[0]
    known = done.known[0] if done.known else None
    if done.epoch != epoch or len(done.known) > 1 or (known and not _is_same(known.y_true, y_true)):
        return None
    label_ts = known.ts if known else None
    return {
        "state": LABELLED,
        "number": done.number,
        "order": order,
        "ts": math.nan if ts is None else ts,
        "epoch": epoch,
        "key": ModelVersion(model, version),
        "target": y_true,
        "label_ts": math.nan if label_ts is None else label_ts,
        "scope": (known.model, known.version) if known else None,
        "score": math.nan,
        "probabilities": None,
        "subgroup": None,
    }


def _is_same(one: Target, other: Target) -> bool:
    """Return whether two targets are the same; 1, 1.0 and True are not."""
    return one is other or repr(one) == repr(other)
