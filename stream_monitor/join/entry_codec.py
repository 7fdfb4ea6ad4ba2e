"""The stored form of an entry and of a buffered outcome: JSON, encoded and decoded here only.

An entry is ``[waiting, early, done]``: lists of the fields of `Waiting` and `Early`; the fields of `Done`, or null.
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import starmap
from typing import Any, NamedTuple

import orjson

from stream_monitor.core.events import ModelVersion, Outcome, Target
from stream_monitor.join.entry import Done, Early, Entry, Known, Labelled, Waiting


class LabelledHeader(NamedTuple):
    """The queue number and the epoch of an id's labelled versions, and whether the entry holds nothing else."""

    number: int
    epoch: int
    is_alone: bool


def encode(entry: Entry) -> bytes:
    """Return the stored form of an entry."""
    return orjson.dumps((entry.waiting, entry.early, entry.done), default=list)


def decode(raw: bytes | None, epochs: Collection[int] | None) -> Entry:
    """Return the entry of a stored form, without anything that came in a revoked epoch.

    Args:
        raw: The stored form; None gives an empty entry.
        epochs: The epochs that are not revoked; None keeps what came in any.
    """
    if raw is None:
        return Entry([], [], None)
    waiting, early, done = orjson.loads(raw)
    return Entry(
        [one for one in starmap(Waiting, waiting) if epochs is None or one.epoch in epochs],
        [Early(*fields) for fields in early if epochs is None or fields[-1] in epochs],
        _decode_done(done, epochs) if done else None,
    )


def decode_labelled_header(raw: bytes) -> LabelledHeader | None:
    """Return the header of an entry's labelled versions, None when no version is labelled."""
    waiting, early, done = orjson.loads(raw)
    return LabelledHeader(done[0], done[1], not (waiting or early)) if done else None


def encode_outcome(outcome: Outcome, epoch: int) -> bytes:
    """Return the stored form of a buffered outcome whose prediction came in this epoch."""
    key, *rest = outcome
    return orjson.dumps((epoch, *key, *rest))


def decode_outcome(raw: bytes) -> tuple[int, Outcome]:
    """Return the epoch and the outcome of a stored form."""
    epoch, model, version, *rest = orjson.loads(raw)
    return epoch, Outcome(ModelVersion(model, version), *rest)


def replace_target(raw: bytes, y_true: Target) -> bytes:
    """Return the stored form of the same outcome with another target."""
    epoch, outcome = decode_outcome(raw)
    return encode_outcome(outcome._replace(y_true=y_true), epoch)


def _decode_done(fields: list[Any], epochs: Collection[int] | None) -> Done | None:
    number, epoch, labelled, known = fields
    alive = [Labelled(*one) for one in labelled if epochs is None or one[-1] in epochs]
    return Done(number, epoch, alive, [Known(*one) for one in known]) if alive else None
