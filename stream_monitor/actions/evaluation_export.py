"""The export of evaluation sets: each one goes to its directory once its window is closed."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Protocol

from stream_monitor.actions.evaluation_manifest import WrittenSet
from stream_monitor.core.clock import Clock
from stream_monitor.core.errors import SinkError
from stream_monitor.performance.evaluation import EvaluationSample
from stream_monitor.performance.evaluation_set import EvaluationSet

logger = logging.getLogger(__name__)

#: Sets of a model that a request tells of.
MAX_PATHS = 100
#: Seconds between two attempts to write a set, after one that failed.
RETRY = 60.0


class SetWriter(Protocol):
    """Writes sets; a set that is written again replaces itself."""

    def write(self, found: EvaluationSet) -> None:
        """Write a set; raises `SinkError` where that is not possible now."""
        ...

    def sets(self) -> Sequence[WrittenSet]:
        """Return the newest sets that are written, the newest first; none where they can't be read."""
        ...

    def paths(self, model: str) -> list[str]:
        """Return the paths of the sets of a model that are written, the oldest first."""
        ...


class EvaluationExport:
    """Writes the sets of closed windows; one that can't be written stays in the state, and is tried again.

    A set is written before the state that has dropped it is saved, so after a crash it may be written again.
    """

    def __init__(self, sample: EvaluationSample, writer: SetWriter, clock: Clock) -> None:
        self.sample, self._writer, self._clock = sample, writer, clock
        self._next_attempt = clock.monotonic()

    def sets(self) -> Sequence[WrittenSet]:
        """Return the newest sets that are written, the newest first; called from any thread."""
        return self._writer.sets()

    @property
    def is_due(self) -> bool:
        """True if a set is to be written now."""
        return self._clock.monotonic() >= self._next_attempt and bool(self.sample.closed())

    def paths(self, model: str) -> list[str]:
        """Return the paths of the newest sets of a model, the oldest first."""
        return self._writer.paths(model)[-MAX_PATHS:]

    def send(self) -> None:
        """Write the sets of closed windows, the oldest first, up to the first that fails."""
        for key in self.sample.closed():
            found = self.sample.made(key)
            try:
                if found.rows:
                    self._writer.write(found)
                    self.sample.counts.written += 1
            except SinkError as error:
                self.sample.counts.failures += 1
                self._next_attempt = self._clock.monotonic() + RETRY
                waiting = len(self.sample.closed())
                logger.warning("--evaluation-dir: %s; %d evaluation sets wait, nothing is lost", error, waiting)
                return
            self.sample.drop(key)
