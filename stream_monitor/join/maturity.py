"""Outcomes that are held until their prediction is old enough."""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from stream_monitor.core.events import ModelVersion, Outcome, Target
from stream_monitor.join.entry import Labelled
from stream_monitor.join.queues import TimeQueue
from stream_monitor.state.key_value_store import KeyValueStore


class MaturityBuffer:
    """Gives outcomes in the order of their predictions' times, once these are ``maturity`` seconds old."""

    def __init__(self, table: KeyValueStore, maturity: float) -> None:
        self._queue = TimeQueue(table, b"h")
        self._maturity = maturity

    def is_mature(self, ts: float | None, clock: float) -> bool:
        """Whether an outcome needs not be held; one whose time is unknown has no age."""
        return not self._maturity or ts is None or ts + self._maturity <= clock

    def hold(self, outcome: Outcome, order: int, home: int) -> None:
        """Keep an outcome; ``order`` decides between predictions of the same time."""
        key, *rest = outcome
        self._queue.push(outcome.ts or 0.0, order, orjson.dumps((home, *key, *rest)))

    @property
    def next_due(self) -> float:
        """Nothing is mature before the clock says this."""
        return self._queue.first + self._maturity

    def due(self, clock: float) -> Iterator[tuple[int, Outcome]]:
        """Take out what is mature, with the homes that it came from."""
        for value in self._queue.pop_due(clock, self._maturity):
            home, model, version, *rest = orjson.loads(value)
            yield home, Outcome(ModelVersion(model, version), *rest)

    def revise(self, version: Labelled, y_true: Target) -> None:
        """Let another label hold in an outcome that is here."""
        at = version.ts or 0.0, version.order
        value = self._queue.get(*at)
        if value is not None:
            *outcome, _, delay = orjson.loads(value)
            self._queue.replace(*at, orjson.dumps((*outcome, y_true, delay)))

    def restore(self) -> None:
        """All that there is, is in the table."""
        self._queue.restore()
