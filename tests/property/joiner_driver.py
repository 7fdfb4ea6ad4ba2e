"""A driver of the joiner and the naive joiner side by side, with saves and restarts."""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from stream_monitor.core.events import Label, ModelVersion, Prediction, Target
from stream_monitor.core.records import TopicPartition
from stream_monitor.join.joiner import Joiner
from stream_monitor.state.checkpoint import Checkpoint
from stream_monitor.state.key_value_store import KeyValueStore, MemoryStore
from tests.property.naive_joiner import NaiveJoiner

#: Between all keys that a table may have.
FIRST, LAST = b"", b"\xff" * 64


class Predict(NamedTuple):
    """A prediction ``step`` seconds after the latest time so far, None: without a time."""

    id: str
    key: ModelVersion
    y_true: Target | None
    step: float | None
    partition: TopicPartition
    restored: bool


class Tell(NamedTuple):
    """A label event."""

    id: str
    y_true: Target
    model: str | None
    version: str | None
    step: float | None
    partition: TopicPartition
    restored: bool


class Revoke(NamedTuple):
    """Partitions are revoked."""

    partitions: list[TopicPartition]


class Restoring(NamedTuple):
    """These partitions are being restored: their buffered outcomes are not emitted."""

    partitions: list[TopicPartition]


class Take(NamedTuple):
    """Take the outcomes so far."""


class Prefetch(NamedTuple):
    """Prefetch ids."""

    identities: list[str]


class CatchUp(NamedTuple):
    """Do all that is due without an event, at most so many at a time."""

    most: int


class Save(NamedTuple):
    """Save a checkpoint."""


class Restart(NamedTuple):
    """Restore the latest checkpoint; the steps since then are repeated, or replaced by others."""

    again: bool
    changed: Mapping[str, Any]  # settings that are others from now on


Step = Predict | Tell | Revoke | Restoring | Take | Prefetch | CatchUp | Save | Restart


class Store(Protocol):
    """A key-value store that can be saved and restarted."""

    table: KeyValueStore

    def save(self, state: Any) -> None: ...

    def restart(self) -> Any | None:
        """Return the state saved last, None when nothing was saved."""
        ...

    def close(self) -> None: ...


class InMemory:
    """A key-value store in memory that is copied when it is saved."""

    def __init__(self, spills: bool) -> None:
        self._spills = spills
        self._saved: tuple[list[tuple[bytes, bytes]], Any] = ([], None)
        self.restart()

    def save(self, state: Any) -> None:
        self._saved = self.table.scan(FIRST, LAST, 1_000_000), copy.deepcopy(state)

    def restart(self) -> Any | None:
        table = MemoryStore()
        table.spills = self._spills
        for key, value in self._saved[0]:
            table.put(key, value)
        self.table: KeyValueStore = table
        return copy.deepcopy(self._saved[1])

    def close(self) -> None:
        pass


class OnDisk:
    """The key-value store of a real checkpoint; unsaved changes are lost at a restart."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._directory = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        self._checkpoint = Checkpoint(self._directory)
        self.table: KeyValueStore = self._checkpoint.store

    def save(self, state: Any) -> None:
        self._checkpoint.save(state)

    def restart(self) -> Any | None:
        self._checkpoint.close()
        self._checkpoint = Checkpoint(self._directory)
        self.table = self._checkpoint.store
        return self._checkpoint.load()

    def close(self) -> None:
        self._checkpoint.close()
        self._stack.close()


class Driver:
    """Both joiners, compared after every step."""

    def __init__(self, store: Store, start: float, **settings: Any) -> None:
        self._store, self._settings, self._now = store, settings, start
        self.naive = NaiveJoiner(**settings)
        self.joiner = Joiner(store.table, **settings)
        self.since: list[Step] = []  # steps since the checkpoint
        self._saved = copy.deepcopy((self.naive, self._now))

    def run(self, steps: Sequence[Step]) -> None:
        self.do_all(steps)
        self.do(Take())

    def do_all(self, steps: Sequence[Step]) -> None:
        for step in steps:
            self.do(step)
            self.agree()

    def finish(self) -> None:
        """Let everything expire; the store then has the last label, its row, and the newest chunks of the queues."""
        self.do(Restoring([]))
        for step in (1e7, 1e7, 1e7):
            self.do(Tell("last", "yes", None, None, step, ("last", 0), False))
        self.do(Save())
        self.agree()
        assert len(self.naive.early) == 1
        left = [key for key, _ in self._store.table.scan(FIRST, LAST, 1000) if key != b"state"]
        kinds = [key[:1] for key in left]
        assert sorted(kinds) == sorted(set(kinds)), left
        assert {b"i", b"b", b"m"} <= set(kinds) <= {b"i", b"b", b"m", b"k", b"x", b"w", b"l", b"d"}

    def do(self, step: Step) -> None:
        match step:
            case Save():
                self._save()
                return
            case Restart():
                self._restart(step)
                return
            case Predict():
                self._predict(step)
            case Tell():
                self._tell(step)
            case Take():
                same("outcomes", repr(self.joiner.take_outcomes()), repr(self.naive.take_outcomes()))
            case Prefetch():
                self.joiner.events.prefetch(step.identities)
            case CatchUp():
                catch_up(self.joiner, step.most)
                self.naive.catch_up()
            case Revoke():
                self.joiner.revoke(step.partitions)
                self.naive.revoke(step.partitions)
            case Restoring():
                self.joiner.events.restoring = self.naive.restoring = step.partitions
        self.since.append(step)

    def _predict(self, step: Predict) -> None:
        event = Prediction(step.id, self.time(step.step), step.key, "yes", {}, y_true=step.y_true, subgroup=step.id)
        index = 1_000_000 - self.naive.arrivals  # a position in a model's stream is no order of arrival
        taken = self.joiner.events.predict(event, index, step.partition, step.restored)
        same("taken", taken, self.naive.predict(event, index, step.partition, step.restored))

    def _tell(self, step: Tell) -> None:
        event = Label(step.id, self.time(step.step), step.y_true, step.model, step.version)
        same(
            "taken",
            self.joiner.events.label(event, step.partition, step.restored),
            self.naive.label(event, step.partition, step.restored),
        )

    def time(self, step: float | None) -> float | None:
        if step is None:
            return None
        ts = self._now + step
        self._now = max(self._now, ts)
        return ts

    def _save(self) -> None:
        self.do(Take())
        self._store.save(self.joiner.state())
        self._saved, self.since = copy.deepcopy((self.naive, self._now)), []

    def _restart(self, restart: Restart) -> None:
        steps, self.since = self.since, []
        self.naive, self._now = copy.deepcopy(self._saved)
        self._settings |= restart.changed
        self.naive.configure(**self._settings)
        state = self._store.restart()
        self.joiner = Joiner(self._store.table, **self._settings)
        if state is not None:
            self.joiner.restore(state)
        self.joiner.events.restoring = self.naive.restoring
        self.agree()
        self.do_all(steps if restart.again else ())

    def agree(self) -> None:
        joiner, naive = self.joiner, self.naive
        waiting = joiner.waiting_predictions, joiner.waiting_labels, joiner.waiting_outcomes
        same("waiting", waiting, (len(naive.waiting), len(naive.early), len(naive.buffered)))
        ledger = asdict(joiner.ledger)
        same("ledger", ledger, {name: naive.counts[name] for name in ledger})
        same("stream time", joiner.stream_time, naive.stream_time)
        same("unaccounted", joiner.ledger.unaccounted(naive.events, 0, sum(waiting)), 0)


def catch_up(joiner: Joiner, most: int) -> None:
    while joiner.is_behind:
        joiner.catch_up(most)


def same(what: str, found: Any, expected: Any) -> None:
    assert found == expected, f"{what}: the joiner has {found}, the naive one {expected}"
