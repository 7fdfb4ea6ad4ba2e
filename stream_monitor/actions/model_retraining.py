"""The policies of retraining over the stream of one model."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from stream_monitor.actions.outcome_windows import OutcomeWindows, losses_of
from stream_monitor.actions.retrain_decision import RetrainDecision, RetrainSettings
from stream_monitor.actions.retrain_request import RetrainRequest
from stream_monitor.core.arrays import Floats, Ints
from stream_monitor.core.events import Detection
from stream_monitor.core.outcome_batch import OutcomeBatch
from stream_monitor.join.stream_time import StreamTime
from stream_monitor.performance.version_event import VersionEvent

#: The place in the stream of what has happened: the position of the prediction that comes next, 0 for a prediction or
#: 1 for an outcome, and the row of the outcome.
Place = tuple[int, int, int]


class ModelPart(NamedTuple):
    """The next events in the stream of one model.

    Attributes:
        positions: Those of predictions in the stream, rising, shape (n,).
        ts: Their event times in seconds, NaN where unknown, shape (n,).
        outcomes: The outcomes.
        rows: Their rows among the outcomes of all models, rising, shape (m,).
        events: What has happened to versions.
        raised: Detections, each with its place.
    """

    positions: Ints
    ts: Floats
    outcomes: OutcomeBatch
    rows: Ints
    events: Sequence[VersionEvent]
    raised: Sequence[tuple[Place, Detection]]

    def outcomes_until(self, place: Place) -> int:
        """Return the number of outcomes up to a place."""
        before, is_outcome, row = place
        if is_outcome:
            return int(np.searchsorted(self.rows, row, "right"))
        return int(np.searchsorted(self.outcomes.before, before))


class ModelRetraining:
    """Walks along the stream of one model, from one place where the decision on retraining may change to the next.

    Args:
        model: The model.
        settings: The settings.

    Attributes:
        decision: The decision, as of the end of the stream so far.
        windows: The newest outcomes of each version.
    """

    def __init__(self, model: str, settings: RetrainSettings) -> None:
        self._settings = settings
        self.decision, self.windows = RetrainDecision(model, settings), OutcomeWindows(settings.task, settings.window)
        self._outcomes, self._time = 0, StreamTime()
        #: Position of the newest prediction, and stream time there.
        self._index, self._now = 0, -math.inf

    def update(self, part: ModelPart) -> list[tuple[Place, RetrainRequest]]:
        """Update with what comes next; the result does not depend on where the stream was cut.

        Returns:
            The requests, each with its place.
        """
        walk = _Walk(part, self._trace(part.ts), losses_of(part.outcomes, self._settings.task))
        requests: list[tuple[Place, RetrainRequest]] = []
        for place, _, point in sorted(self._points(part), key=lambda each: each[:2]):
            requests += self._wait(walk, place)
            self._go(walk, place)
            self._apply(point)
            requests += self._decide(place)
        requests += self._wait(walk, None)
        self._go(walk, None)
        return requests

    def _trace(self, ts: Floats) -> Floats:
        """Return stream time at each of the next predictions, -inf before any is known, shape (n,)."""
        clock, count = self._time.trace(ts)
        if count == len(ts):
            self._time.observe_all(ts)
            return clock
        for row, each in enumerate(ts.tolist()):
            if not math.isnan(each):
                self._time.observe(each)
            clock[row] = self._time.now
        return clock

    def _points(self, part: ModelPart) -> Iterator[tuple[Place, int, VersionEvent | Detection | None]]:
        """Yield what may change a decision with its place and order there; None is a look at the outcomes."""
        count = len(part.events)
        for order, event in enumerate(part.events):
            yield (0 if event.index is None else event.index + 1, 0, 0), order - count, event
        for order, (place, one) in enumerate(part.raised):
            yield place, order, one
        step, before = self._settings.step, part.outcomes.before
        for row in range(step - self._outcomes % step - 1, len(part.outcomes), step):
            yield (int(before[row]), 1, int(part.rows[row])), len(part.raised), None

    def _wait(self, walk: _Walk, place: Place | None) -> Iterator[tuple[Place, RetrainRequest]]:
        """Decide at each prediction before a place, or of all, at which a time has come."""
        part = walk.part
        end = (
            len(part.positions) if place is None else int(np.searchsorted(part.positions, place[0] - (place[1] == 0)))
        )
        while (due := self.decision.due(self._now)) is not None:
            row = int(np.searchsorted(walk.clock[:end], due))
            if row == end:
                return
            due_at = int(part.positions[row]) + 1, 0, 0
            self._go(walk, due_at)
            yield from self._decide(due_at)

    def _go(self, walk: _Walk, place: Place | None) -> None:
        """Take the predictions and outcomes up to a place; None: all."""
        part = walk.part
        end = len(part.positions) if place is None else int(np.searchsorted(part.positions, place[0]))
        if end:
            self._index, self._now = int(part.positions[end - 1]), float(walk.clock[end - 1])
        count = len(part.outcomes) if place is None else part.outcomes_until(place)
        if count > walk.taken:
            rows = slice(walk.taken, count)
            versions = [key.version for key in part.outcomes.keys]
            self.windows.add(versions, part.outcomes.which[rows], walk.losses[rows])
            self._outcomes += count - walk.taken
            self.decision.labels += count - walk.taken
            walk.taken = count

    def _apply(self, point: VersionEvent | Detection | None) -> None:
        if isinstance(point, VersionEvent):
            self.decision.see(point)
        elif isinstance(point, Detection):
            self.decision.detect(point, self._index, self._now)
        else:
            self.decision.look(self.windows.performance(self.decision.champion), self._index, self._now)

    def _decide(self, place: Place) -> Iterator[tuple[Place, RetrainRequest]]:
        request = self.decision.decide(self._index, self._now, self.windows.all)
        if request:
            yield place, request

    def state(self) -> dict[str, Any]:
        """Return the state as JSON values."""
        return {
            "decision": self.decision.state(),
            "windows": self.windows.state(),
            "outcomes": self._outcomes,
            "index": self._index,
            "time": self._time.state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Load what `state` returned."""
        self.decision.restore(state["decision"])
        self.windows.restore(state["windows"])
        self._outcomes, self._index = state["outcomes"], state["index"]
        self._time.restore(state["time"])
        self._now = self._time.now


class _Walk:
    """A walk along a part.

    Args:
        part: The part.
        clock: Stream time at each of its predictions, shape (n,).
        losses: The losses of its outcomes, shape (m,).

    Attributes:
        taken: Outcomes that were taken.
    """

    def __init__(self, part: ModelPart, clock: Floats, losses: Floats) -> None:
        self.part, self.clock, self.losses, self.taken = part, clock, losses, 0
