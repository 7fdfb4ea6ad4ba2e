"""Everything known of one id: waiting predictions, early labels, and the versions that are labelled."""

from __future__ import annotations

from typing import NamedTuple

from stream_monitor.core.events import Label, ModelVersion, Probabilities, Target

#: Labelled versions, applied labels and early labels kept for one id, of each at most this many.
MAX_PER_ID = 100


class Waiting(NamedTuple):
    """A prediction that waits for its label.

    ``number`` is its number in the queue of waiting predictions, ``order`` counts all predictions, ``index`` is its
    position in the stream of predictions, ``epoch`` is the partition epoch that it came in. ``score`` is finite.
    """

    number: int
    order: int
    index: int  # type: ignore[assignment]  # hides tuple.index, which is not used
    ts: float | None
    y_pred: Target
    model: str
    version: str
    epoch: int
    score: float | None = None
    probabilities: Probabilities | None = None
    subgroup: str | None = None


class Early(NamedTuple):
    """A label that came before its prediction; ``number`` is its number in the queue of early labels."""

    number: int
    ts: float | None
    y_true: Target
    model: str | None
    version: str | None
    epoch: int


class Labelled(NamedTuple):
    """A labelled model version; ``ts``, ``order`` and ``epoch`` are those of its prediction."""

    model: str
    version: str
    y_true: Target
    ts: float | None
    order: int
    epoch: int


class Known(NamedTuple):
    """A label that was applied, kept for further versions of the same id."""

    ts: float | None
    y_true: Target
    model: str | None
    version: str | None


class Done(NamedTuple):
    """The labelled versions of an id and the labels that were applied.

    ``number`` is the id's number in the queue of labelled ids. The id is counted in ``epoch``, that of the first
    version that was labelled.
    """

    number: int
    epoch: int
    labelled: list[Labelled]
    known: list[Known]


class Entry:
    """Everything known of one id."""

    __slots__ = ("done", "early", "waiting")

    def __init__(self, waiting: list[Waiting], early: list[Early], done: Done | None) -> None:
        self.waiting = waiting
        self.early = early
        self.done = done

    @property
    def is_empty(self) -> bool:
        """True if nothing is known of the id."""
        return not (self.waiting or self.early or self.done)

    def label_for(self, key: ModelVersion) -> Known | Early | None:
        """Return the label for a new version: the newest applied one, else the first early one, else None."""
        if not (self.done or self.early):
            return None
        labels: list[Known | Early] = [*reversed(self.done.known)] if self.done else []
        return next((label for label in (*labels, *self.early) if is_meant(label, key)), None)

    def known_target(self, label: Label) -> Target | None:
        """Return the known target of a duplicate label, None for a label that is no duplicate."""
        labelled = self.done.labelled if self.done else ()
        targets = [version.y_true for version in labelled if is_meant(label, version)]
        targets += [early.y_true for early in self.early if has_same_scope(label, early)]
        return targets[0] if targets else None

    def remember(self, label: Known) -> None:
        """Keep an applied label for versions of the id that are predicted later."""
        if self.done:
            self.done.known.append(label)
            del self.done.known[:-MAX_PER_ID]

    def revise(self, label: Label) -> list[Labelled]:
        """Replace the target by that of a later label; return the labelled versions as they were before."""
        y_true = label.y_true
        self.early = [one._replace(y_true=y_true) if has_same_scope(label, one) else one for one in self.early]
        if self.done is None:
            return []
        labelled, known = self.done.labelled, self.done.known
        revised = [version for version in labelled if is_meant(label, version)]
        labelled[:] = [one._replace(y_true=y_true) if is_meant(label, one) else one for one in labelled]
        known[:] = [one._replace(y_true=y_true) if has_same_scope(label, one) else one for one in known]
        return revised

    def has(self, key: ModelVersion) -> bool:
        """Return whether this version was predicted already."""
        if not (self.waiting or self.done):
            return False
        versions: list[Waiting | Labelled] = [*self.waiting, *(self.done.labelled if self.done else ())]
        return any(version.model == key.model and version.version == key.version for version in versions)


def is_meant(label: Label | Early | Known, version: Waiting | Labelled | ModelVersion) -> bool:
    """Return whether a label is for this version: a label without model or version is for all of them."""
    return label.model in (None, version.model) and label.version in (None, version.version)


def has_same_scope(one: Label | Early | Known, other: Label | Early | Known) -> bool:
    """Return whether two labels name the same model and version, or leave the same ones open."""
    return (one.model, one.version) == (other.model, other.version)


def delay(label_ts: float | None, ts: float | None) -> float | None:
    """Return the seconds from a prediction to its label, never negative; None when either time is unknown."""
    return None if label_ts is None or ts is None else max(label_ts - ts, 0.0)
