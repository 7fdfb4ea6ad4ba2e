"""A naive joiner as the specification: plain lists, searched from end to end at every event.

It must share no code with the joiner: where the two differ, the documentation decides which is wrong.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from stream_monitor.core.events import Label, ModelVersion, Outcome, Prediction, Target
from stream_monitor.core.records import TopicPartition


@dataclass(eq=False)
class Waiting:
    """A prediction without its label."""

    since: float
    partition: TopicPartition
    prediction: Prediction
    index: int
    arrival: int


@dataclass(eq=False)
class Early:
    """A label without its prediction."""

    since: float
    partition: TopicPartition
    label: Label


@dataclass(eq=False)
class Buffered:
    """An outcome in the maturity buffer."""

    ts: float
    arrival: int
    partition: TopicPartition
    outcome: Outcome


@dataclass(eq=False)
class Labelled:
    """A labelled version of an id, and its outcome while that is buffered."""

    key: ModelVersion
    partition: TopicPartition
    y_true: Target
    buffered: Buffered | None


@dataclass(eq=False)
class Known:
    """An id first labelled in a version from ``partition``, None when that is revoked."""

    identity: str
    since: float
    partition: TopicPartition | None
    versions: list[Labelled]
    labels: list[Label]


class NaiveJoiner:
    """A joiner with the interface of `Joiner`."""

    max_waiting = 1_000_000
    ttl = 30 * 86_400.0
    early_ttl: float | None = None
    maturity = 0.0
    label_updates = "first"
    max_labelled = 1_000_000
    max_per_id = 100

    def __init__(self, **settings: Any) -> None:
        self.configure(**settings)
        self.restoring: Collection[TopicPartition] = ()
        self.is_restored = False  # while an event is taken that is restored
        self.stream_time = -math.inf
        self.leap: float | None = None  # of the event before, if that was more than a day ahead
        self.waiting: list[Waiting] = []
        self.early: list[Early] = []
        self.buffered: list[Buffered] = []
        self.known: list[Known] = []
        self.emitted: list[Outcome] = []
        self.counts: Counter[str] = Counter()
        self.events = 0  # besides those restored
        self.arrivals = 0

    def configure(self, **settings: Any) -> None:
        vars(self).update(settings)

    def predict(self, prediction: Prediction, index: int, partition: TopicPartition, restored: bool = False) -> bool:
        before = self._begin(prediction.ts, restored)
        taken = self._predict(prediction, index, partition)
        self._end(before)
        return taken

    def label(self, label: Label, partition: TopicPartition, restored: bool = False) -> bool:
        before = self._begin(label.ts, restored)
        taken = self._label(label, partition)
        self._end(before)
        return taken

    def take_outcomes(self) -> list[Outcome]:
        taken, self.emitted = self.emitted, []
        return taken

    def revoke(self, partitions: Sequence[TopicPartition]) -> None:
        before = self._unfinished()
        self.waiting = [one for one in self.waiting if one.partition not in partitions]
        self.early = [one for one in self.early if one.partition not in partitions]
        self.buffered = [one for one in self.buffered if one.partition not in partitions]
        self.counts["revoked"] += before - self._unfinished()
        for known in self.known:
            known.versions = [version for version in known.versions if version.partition not in partitions]
            known.partition = None if known.partition in partitions else known.partition
        self.known = [known for known in self.known if known.versions]

    def _unfinished(self) -> int:
        return len(self.waiting) + len(self.early) + len(self.buffered)

    def _count(self, name: str) -> None:
        self.counts[name] += not self.is_restored

    def _begin(self, ts: float | None, restored: bool) -> int:
        """Advance stream time and do what is due; return the number of waiting items."""
        self.events += not restored
        if ts is not None:
            leaps = -math.inf < self.stream_time < ts - 86_400
            before, self.leap = self.leap, ts if leaps else None
            if ts > self.stream_time and not (leaps and before is None):
                self._move(ts if before is None or not leaps else min(before, ts))
        self.catch_up()
        self.is_restored = restored
        return self._unfinished()

    def _move(self, ts: float) -> None:
        came_before: list[Any] = [*self.waiting, *self.early, *self.known] if self.stream_time == -math.inf else []
        for one in came_before:
            one.since = ts
        self.stream_time = ts

    def catch_up(self) -> None:
        self._expire()
        self._mature()

    def _end(self, before: int) -> None:
        """Enforce the bounds."""
        self.counts["restored"] += (self._unfinished() - before) if self.is_restored else 0
        self.is_restored = False
        while len(self.waiting) > self.max_waiting:
            self._drop_prediction(self.waiting[0])
        while len(self.early) > self.max_waiting:
            self._drop_label(self.early[0])
        while sum(known.partition is not None for known in self.known) > self.max_labelled:
            self.known.pop(0)

    def _expire(self) -> None:
        for waiting in [one for one in self.waiting if one.since + self.ttl < self.stream_time]:
            self._drop_prediction(waiting)
        early_ttl = self.ttl if self.early_ttl is None else self.early_ttl
        for early in [one for one in self.early if one.since + early_ttl < self.stream_time]:
            self._drop_label(early)
        self.known = [one for one in self.known if not one.since + self.ttl < self.stream_time]

    def _mature(self) -> None:
        mature = [one for one in self.buffered if one.ts + self.maturity <= self.stream_time]
        for buffered in sorted(mature, key=lambda one: (one.ts, one.arrival)):
            self.buffered.remove(buffered)
            if buffered.partition in self.restoring:
                self.counts["restored"] -= 1
            else:
                self._emit(buffered.outcome)

    def _drop_prediction(self, waiting: Waiting) -> None:
        self.waiting.remove(waiting)
        self._count("expired_predictions")

    def _drop_label(self, early: Early) -> None:
        self.early.remove(early)
        self._count("expired_labels")

    def _predict(self, prediction: Prediction, index: int, partition: TopicPartition) -> bool:
        identity, key = prediction.id, prediction.key
        known = self._known(identity)
        labelled = known.versions if known else []
        waiting = [(one.prediction.id, one.prediction.key) for one in self.waiting]
        if (identity, key) in waiting or any(version.key == key for version in labelled):
            self._count("duplicate_predictions")
            return False
        self.arrivals += 1
        came = Waiting(self.stream_time, partition, prediction, index, self.arrivals)
        label = self._label_for(prediction, known)
        if prediction.y_true is not None:
            self._join(came, prediction.y_true, None, None)
        elif label is not None:
            self._join(came, label.y_true, label.ts, label)
        else:
            self.waiting.append(came)
        return True

    def _label_for(self, prediction: Prediction, known: Known | None) -> Label | None:
        """Return the label that came before the prediction; an early one is removed."""
        remembered = [label for label in (known.labels if known else []) if _is_meant(label, prediction.key)]
        if remembered or prediction.y_true is not None:
            return remembered[-1] if remembered else None
        for early in self.early:
            if early.label.id == prediction.id and _is_meant(early.label, prediction.key):
                self.early.remove(early)
                self._count("applied_labels")
                return early.label
        return None

    def _join(self, waiting: Waiting, y_true: Target, label_ts: float | None, label: Label | None) -> None:
        """Emit or buffer an outcome, and remember the version as labelled."""
        prediction, buffered = waiting.prediction, None
        ts = prediction.ts
        delay = None if ts is None or label_ts is None else max(label_ts - ts, 0.0)
        of = {"subgroup": prediction.subgroup, "id": prediction.id}
        outcome = Outcome(prediction.key, waiting.index, ts, prediction.y_pred, y_true, delay, **of)
        if not self.maturity or ts is None or ts + self.maturity <= self.stream_time:
            self._emit(outcome)
        else:
            buffered = Buffered(ts, waiting.arrival, waiting.partition, outcome)
            self.buffered.append(buffered)
        known = self._known(prediction.id)
        if known is None:
            known = Known(prediction.id, self.stream_time, waiting.partition, [], [])
            self.known.append(known)
        known.versions.append(Labelled(prediction.key, waiting.partition, y_true, buffered))
        known.versions = known.versions[-self.max_per_id :]
        if label is not None and not any(label is other for other in known.labels):
            known.labels = [*known.labels, label][-self.max_per_id :]

    def _emit(self, outcome: Outcome) -> None:
        if not self.is_restored:
            self.emitted.append(outcome)
            self.counts["applied_predictions"] += 1

    def _known(self, identity: str) -> Known | None:
        return next((known for known in self.known if known.identity == identity), None)

    def _label(self, label: Label, partition: TopicPartition) -> bool:
        of_id = [one for one in self.waiting if one.prediction.id == label.id]
        matched = [one for one in of_id if _is_meant(label, one.prediction.key)]
        if matched:
            self.waiting = [one for one in self.waiting if one not in matched]
            for waiting in matched:
                self._join(waiting, label.y_true, label.ts, label)
            self._count("applied_labels")
            return True
        known = self._known(label.id)
        versions = [version for version in known.versions if _is_meant(label, version.key)] if known else []
        others = [one for one in self.early if one.label.id == label.id]
        early = next((one for one in others if _narrowing(one.label) == _narrowing(label)), None)
        if versions or early:
            self._repeat(label, versions, early, known)
            return False
        if len(others) == self.max_per_id:
            self._drop_label(others[0])
        self.early.append(Early(self.stream_time, partition, label))
        return True

    def _repeat(self, label: Label, versions: list[Labelled], early: Early | None, known: Known | None) -> None:
        """Handle a repeated label, with the same y_true or another."""
        self._count("duplicate_labels")
        y_true = versions[0].y_true if versions else early.label.y_true if early else None
        if label.y_true == y_true:
            return
        self._count("revised_labels")
        if self.label_updates == "first":
            return
        if early:
            early.label = early.label._replace(y_true=label.y_true)
        for version in versions:
            version.y_true = label.y_true
            if version.buffered:
                version.buffered.outcome = version.buffered.outcome._replace(y_true=label.y_true)
        if known:
            known.labels = [
                one._replace(y_true=label.y_true) if _narrowing(one) == _narrowing(label) else one
                for one in known.labels
            ]


def _is_meant(label: Label, key: ModelVersion) -> bool:
    return (label.model is None or label.model == key.model) and (
        label.version is None or label.version == key.version
    )


def _narrowing(label: Label) -> tuple[str | None, str | None]:
    return label.model, label.version
