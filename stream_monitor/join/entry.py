"""What is known of one id: who waits for its label, which labels came early, and who has met one already."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import orjson

from stream_monitor.core.events import Label, ModelVersion, Target

#: Versions, and labels, of one id that are told apart.
MAX_PER_ID = 100


class Waiting(NamedTuple):
    """What is kept of a prediction until its label comes.

    ``number`` is its place in the queue of those that wait, ``order`` counts all predictions, ``home`` stands for the
    partition that it came from.
    """

    number: int
    order: int
    index: int  # type: ignore[assignment]  # tuple.index is of no use here
    ts: float | None
    y_pred: Target
    model: str
    version: str
    home: int


class Early(NamedTuple):
    """A label that came before its prediction."""

    number: int
    ts: float | None
    y_true: Target
    model: str | None
    version: str | None
    home: int


class Labelled(NamedTuple):
    """A version that has met its label; ``ts``, ``order`` and ``home`` are those of its prediction."""

    model: str
    version: str
    y_true: Target
    ts: float | None
    order: int
    home: int


class Known(NamedTuple):
    """A label that was applied, for further versions of the same id."""

    ts: float | None
    y_true: Target
    model: str | None
    version: str | None


class Done(NamedTuple):
    """All that has met a label under one id, counted at the home of the first of them."""

    number: int
    home: int
    labelled: list[Labelled]
    known: list[Known]


class Entry:
    """One id; it is written down as JSON."""

    __slots__ = ("done", "early", "waiting")

    def __init__(self) -> None:
        self.waiting: list[Waiting] = []
        self.early: list[Early] = []
        self.done: Done | None = None

    @classmethod
    def decode(cls, raw: bytes | None, homes: Collection[int]) -> Entry:
        """As written, without what belongs to a home that is no more."""
        entry = cls()
        if raw is None:
            return entry
        waiting, early, done = orjson.loads(raw)
        entry.waiting = [Waiting(*one) for one in waiting if one[-1] in homes]
        entry.early = [Early(*one) for one in early if one[-1] in homes]
        if done:
            number, home, labelled, known = done
            alive = [Labelled(*one) for one in labelled if one[-1] in homes]
            entry.done = Done(number, home, alive, [Known(*one) for one in known]) if alive else None
        return entry

    @property
    def is_empty(self) -> bool:
        """Whether nothing is known any more."""
        return not (self.waiting or self.early or self.done)

    def encode(self) -> bytes | None:
        """None when nothing is known any more."""
        if not self.is_empty:
            return orjson.dumps((self.waiting, self.early, self.done), default=list)
        return None

    def label_for(self, key: ModelVersion) -> Known | Early | None:
        """The label for a version that comes after it: the newest one applied, or else the first that waits."""
        labels: list[Known | Early] = [*reversed(self.done.known)] if self.done else []
        return next((label for label in (*labels, *self.early) if is_meant(label, key)), None)

    def known(self, label: Label) -> Target | None:
        """What was said already where this label says it again, None where it is news."""
        labelled = self.done.labelled if self.done else ()
        said = [version.y_true for version in labelled if is_meant(label, version)]
        said += [early.y_true for early in self.early if is_same_target(label, early)]
        return said[0] if said else None

    def remember(self, label: Known) -> None:
        """Keep a label that was applied for versions still to come."""
        if self.done:
            self.done.known.append(label)
            del self.done.known[:-MAX_PER_ID]

    def revise(self, label: Label) -> list[Labelled]:
        """Let this label hold from now on; the versions that had another one."""
        y_true = label.y_true
        self.early = [one._replace(y_true=y_true) if is_same_target(label, one) else one for one in self.early]
        if self.done is None:
            return []
        labelled, known = self.done.labelled, self.done.known
        meant = [version for version in labelled if is_meant(label, version)]
        labelled[:] = [one._replace(y_true=y_true) if is_meant(label, one) else one for one in labelled]
        known[:] = [one._replace(y_true=y_true) if is_same_target(label, one) else one for one in known]
        return meant

    def has(self, key: ModelVersion) -> bool:
        """Whether this version was predicted already."""
        parts: list[Waiting | Labelled] = [*self.waiting, *(self.done.labelled if self.done else ())]
        return any(part.model == key.model and part.version == key.version for part in parts)


def is_meant(label: Label | Early | Known, version: Waiting | Labelled | ModelVersion) -> bool:
    """Whether a label is for this version: it is, unless it names another."""
    return label.model in (None, version.model) and label.version in (None, version.version)


def is_same_target(one: Label | Early | Known, other: Label | Early | Known) -> bool:
    """Whether two labels are for the same versions."""
    return (one.model, one.version) == (other.model, other.version)


def delay(label_ts: float | None, ts: float | None) -> float | None:
    """Seconds from a prediction to its label, None when either time is unknown."""
    return None if label_ts is None or ts is None else max(label_ts - ts, 0.0)
