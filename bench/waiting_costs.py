"""The cost of a prediction and of a label with few and with many waiting predictions, measured in turns.

`waiting_costs.py DIRECTORY WAITING GONE START_MS FEW ROUNDS` compares the state in DIRECTORY, in which all of WAITING
predictions but the first GONE are waiting, with a new one in which FEW are.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from waiting_events import BATCH, LABELS, PARTITIONS, PREDICTIONS, STEP_MS, Numbers, chunks, labels, predictions

from stream_monitor.app import wiring
from stream_monitor.core.event_batch import EventBatch
from stream_monitor.core.events import Label, Prediction
from stream_monitor.core.records import TopicPartition
from stream_monitor.join.joiner import Joiner
from stream_monitor.join.origins import Origins
from stream_monitor.pipeline.pipeline import MAX_UNSAVED
from stream_monitor.state.checkpoint import Checkpoint

BLOCK = 20_000
PLACES = [[(topic, number) for number in range(PARTITIONS)] for topic in (PREDICTIONS, LABELS)]


@dataclass
class Costs:
    """Microseconds per event for each block: wall time, and CPU time of the thread."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)


class Side:
    """A joiner on its table, with the numbers of the predictions that are waiting in it."""

    def __init__(self, directory: Path, start_ms: int, waiting: Numbers, seed: int) -> None:
        self._checkpoint = Checkpoint(directory)
        self._start_ms = start_ms
        self._next = int(waiting[-1]) + 1
        self._max_waiting = 2 * len(waiting) + 10 * BLOCK
        # One block more than the maximum number that is waiting between two blocks.
        self._pool = np.concatenate((waiting, np.zeros(2 * BLOCK, np.uint64)))
        self._count = len(waiting)
        self._rng = np.random.default_rng(seed)
        self._settle(1_000_000)
        self.costs: dict[str, Costs] = {}

    def build(self) -> None:
        """Insert the initial waiting predictions."""
        for numbers in chunks(self._next):
            self._take(*batch(predictions(numbers, self._start_ms), PLACES[0]))
        self._save()

    def limit_labelled(self) -> None:
        """Limit the remembered labelled ids to their current number, so that each new one evicts an old one."""
        self._settle(self._joiner._epochs.total.labelled)

    def insert(self, name: str) -> None:
        numbers = np.arange(self._next, self._next + BLOCK, dtype=np.uint64)
        events = predictions(numbers, self._start_ms)
        self._measure(name, events, PLACES[0])
        self._pool[self._count : self._count + BLOCK] = numbers
        self._next += BLOCK
        self._count += BLOCK

    def match(self, name: str) -> None:
        at = self._rng.choice(self._count, BLOCK, replace=False)
        events = labels(self._pool[at], self._start_ms + self._next * STEP_MS)
        self._measure(name, events, PLACES[1])
        kept = np.ones(self._count, bool)
        kept[at] = False
        self._count -= BLOCK
        self._pool[: self._count] = self._pool[: len(kept)][kept]
        assert self._joiner.waiting_predictions == self._count
        assert self._joiner.waiting_labels == 0

    def state(self) -> dict[str, Any]:
        return {"joiner": self._joiner.state()}

    def _settle(self, max_labelled: int) -> None:
        """Create the joiner, and restore the saved state if there is one."""
        self._joiner = Joiner(self._checkpoint.store, max_waiting=self._max_waiting, max_labelled=max_labelled)
        saved = self._checkpoint.load()
        if saved:
            self._joiner.restore(saved["joiner"])

    def _measure(self, name: str, events: Sequence[Prediction | Label], places: Sequence[TopicPartition]) -> None:
        batches = [batch(events[begin : begin + BATCH], places) for begin in range(0, len(events), BATCH)]
        wall, cpu = time.perf_counter(), time.thread_time()
        for each in batches:
            self._take(*each)
        self._save()
        costs = self.costs.setdefault(name, Costs())
        costs.wall.append((time.perf_counter() - wall) / len(events) * 1e6)
        costs.cpu.append((time.thread_time() - cpu) / len(events) * 1e6)

    def _take(self, events: EventBatch, origins: Origins) -> None:
        """Join one batch, and save as often as the pipeline does."""
        self._joiner.join(events, origins, 0)
        if self._unsaved >= MAX_UNSAVED:
            self._save()

    @property
    def _unsaved(self) -> int:
        return self._checkpoint.store.unsaved + self._joiner.unsaved

    def _save(self) -> None:
        if self._unsaved:
            self._checkpoint.save(self.state())


def batch(events: Sequence[Prediction | Label], places: Sequence[TopicPartition]) -> tuple[EventBatch, Origins]:
    """Return events as a batch that comes from these partitions in turn."""
    which = np.arange(len(events)) % len(places)
    return EventBatch.of(events), Origins(places, which, np.zeros(len(events), bool))


def main() -> None:
    directory, (waiting, gone, start_ms, few, rounds) = Path(sys.argv[1]), map(int, sys.argv[2:])
    wiring.tune_garbage_collector()
    with tempfile.TemporaryDirectory(dir=directory.parent) as beside:
        small = Side(Path(beside), start_ms, np.arange(few, dtype=np.uint64), seed=1)
        small.build()
        large = Side(directory, start_ms, np.arange(gone, waiting, dtype=np.uint64), seed=2)
        take_turns((small, large), ("insert", "match"), rounds)
        for side in (small, large):
            side.limit_labelled()
        take_turns((small, large), ("insert, all labelled ids in use", "match, all labelled ids in use"), rounds)
        costs = {
            name: {size: vars(side.costs[name]) for size, side in (("few", small), ("many", large))}
            for name in small.costs
        }
        print(json.dumps(costs), flush=True)
    os._exit(0)


def take_turns(sides: Sequence[Side], names: tuple[str, str], rounds: int) -> None:
    """Measure a block of each side in turn, in alternating order; each round leaves the sizes unchanged."""
    for number in range(rounds + 1):
        for side in sides if number % 2 else sides[::-1]:
            side.insert(names[0])
            side.match(names[1])
        if not number:
            for side in sides:  # the first round warms up
                for name in names:
                    side.costs.pop(name)


if __name__ == "__main__":
    main()
