"""The maturity buffer: outcomes that wait until their prediction is old enough."""

from __future__ import annotations

from collections.abc import Iterator

from stream_monitor.core.events import Outcome, Target
from stream_monitor.join.entry import Labelled
from stream_monitor.join.entry_codec import decode_outcome, encode_outcome, replace_target
from stream_monitor.join.time_queue import TimeQueue
from stream_monitor.state.key_value_store import KeyValueStore


class MaturityBuffer:
    """Outcomes in the order of their predictions' times, each until its prediction is ``maturity`` seconds old."""

    def __init__(self, store: KeyValueStore, maturity: float) -> None:
        self._queue = TimeQueue(store, b"h")
        self.maturity = maturity

    def add(self, outcome: Outcome, order: int, epoch: int) -> None:
        """Add an outcome; ``order`` decides between predictions of the same time."""
        self._queue.push(outcome.ts or 0.0, order, encode_outcome(outcome, epoch))

    @property
    def next_due(self) -> float:
        """The stream time before which nothing is mature."""
        return self._queue.first + self.maturity

    def mature(self, stream_time: float) -> list[tuple[float, int]] | None:
        """Return time and order of the mature outcomes, in order; None when some of them are not in memory."""
        return self._queue.due(stream_time, self.maturity)

    def pop_mature(self, stream_time: float) -> Iterator[tuple[int, int, Outcome]]:
        """Remove the mature outcomes, in order; yield each with the order and the epoch of its prediction."""
        for order, raw in self._queue.pop_due(stream_time, self.maturity):
            yield order, *decode_outcome(raw)

    def revise(self, version: Labelled, y_true: Target) -> None:
        """Replace the target of a version's outcome, if it is in the buffer."""
        position = version.ts or 0.0, version.order
        raw = self._queue.get(*position)
        if raw is not None:
            self._queue.replace(*position, replace_target(raw, y_true))

    def resume(self) -> None:
        """Take up the outcomes that are in the store, after a restart."""
        self._queue.resume()
