"""The topics that are read, and the check that their partitions are aligned."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence

from stream_monitor.core.clock import Clock
from stream_monitor.core.errors import ConfigError

logger = logging.getLogger(__name__)
#: Seconds between two checks.
CHECK_INTERVAL = 10.0

#: The number of partitions of a topic, 0 while it does not exist.
Count = Callable[[str], int]


class Topics:
    """The topics that are read.

    Args:
        names: All of them.
        labels: Those that have labels only.
        unaligned: True to allow different numbers of partitions.
        clock: The time.
    """

    def __init__(self, names: Sequence[str], labels: Collection[str], unaligned: bool, clock: Clock) -> None:
        self.names = list(dict.fromkeys(names))
        self._labels = [name for name in self.names if name in labels]
        self._predictions = [name for name in self.names if name not in labels]
        self.unaligned = unaligned
        self._clock = clock
        self._next_look = clock.monotonic()
        self._there: frozenset[str] = frozenset()
        self._grown = False

    def check(self, count: Count) -> None:
        """Raise `ConfigError` when a label can be read by another replica than its prediction."""
        self._there = frozenset(name for name in self.names if count(name))
        if misaligned := self._misaligned(count):
            raise ConfigError(misaligned)

    def look(self, count: Count) -> None:
        """Log missing topics and check new ones, once in `CHECK_INTERVAL`."""
        if self._clock.monotonic() < self._next_look:
            return
        self._next_look = self._clock.monotonic() + CHECK_INTERVAL
        missing = self.missing(count)
        if missing:
            logger.warning("waiting for topics that do not exist yet: %s", ", ".join(missing))
        # Partitions are added to one topic after another: topics have until the next check to be aligned again.
        grown, self._grown = self._grown, bool(self._misaligned(count))
        if self._grown and (grown or any(name not in self._there for name in self.names if count(name))):
            self.check(count)

    def missing(self, count: Count) -> list[str]:
        """Return the topics that do not exist."""
        return [name for name in self.names if not count(name)]

    def _misaligned(self, count: Count) -> str:
        labels, predictions = (
            {n: count(n) for n in names if count(n)} for names in (self._labels, self._predictions)
        )
        if self.unaligned or not labels or not predictions or len({*labels.values(), *predictions.values()}) == 1:
            return ""
        counts = ", ".join(f"{name} has {number}" for name, number in {**predictions, **labels}.items())
        return (
            f"--label-topic: labels and predictions need the same number of partitions, but {counts}: with several"
            " replicas a label would come to another one than its prediction. Give them the same number, both keyed"
            " by the prediction's id; or put both on one topic; or go on with --allow-unaligned-labels"
        )
