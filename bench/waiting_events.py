"""Predictions and their labels with random ids, and a source in the process that returns them."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.batch import RecordBatch
from stream_monitor.core.events import Label, ModelVersion, Prediction
from stream_monitor.core.records import Record, TopicPartition
from stream_monitor.sources.base import AppliedOffset, Position

Numbers = NDArray[np.uint64]

PARTITIONS = 4
STEP_MS = 10
BATCH = 2000
PREDICTIONS, LABELS = "predictions", "labels"
KEY = ModelVersion("churn", "3")
CLASSES = ("no", "yes")


def ids(numbers: Numbers) -> list[str]:
    """Return a uuid4 for each number, always the same one, so that ten million need not be stored."""
    doubled = np.asarray(numbers, np.uint64) * np.uint64(2)
    high = _mixed(doubled) & np.uint64(0xFFFF_FFFF_FFFF_0FFF) | np.uint64(0x4000)
    low = _mixed(doubled + np.uint64(1)) & np.uint64(0x3FFF_FFFF_FFFF_FFFF) | np.uint64(1 << 63)
    text = np.stack((high, low), axis=1).astype(">u8").tobytes().hex()
    return [
        f"{text[at : at + 8]}-{text[at + 8 : at + 12]}-{text[at + 12 : at + 16]}-{text[at + 16 : at + 20]}"
        f"-{text[at + 20 : at + 32]}"
        for at in range(0, len(text), 32)
    ]


def _mixed(values: Numbers) -> Numbers:
    """Permute the 64-bit integers by SplitMix64, whose outputs look random."""
    values = values + np.uint64(0x9E37_79B9_7F4A_7C15)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58_476D_1CE4_E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D0_49BB_1331_11EB)
    return values ^ (values >> np.uint64(31))


def predictions(numbers: Numbers, start_ms: int) -> list[Prediction]:
    """Return decoded predictions without features."""
    given = zip(ids(numbers), numbers.tolist(), strict=True)
    return [Prediction(name, (start_ms + n * STEP_MS) / 1000, KEY, CLASSES[n % 2], {}, 0.75) for name, n in given]


def labels(numbers: Numbers, at_ms: int) -> list[Label]:
    """Return decoded labels of these predictions with one time; nine in ten confirm the prediction."""
    given = zip(ids(numbers), numbers.tolist(), strict=True)
    return [Label(name, at_ms / 1000, truth(n)) for name, n in given]


def truth(number: int) -> str:
    """Return the true class of a prediction."""
    return CLASSES[(number + (number // 2 % 10 == 0)) % 2]


def prediction_body(name: str, number: int, at_ms: int, features: str = "", model: str = "churn") -> bytes:
    """Return a prediction as JSON; ``features`` is a JSON object, or empty for none."""
    given = f',"features":{features}' if features else ""
    rest = f'"model":"{model}","version":"3","prediction":"{CLASSES[number % 2]}"{given}'
    return f'{{"id":"{name}","ts":{at_ms},{rest}}}'.encode()


def label_body(name: str, number: int, at_ms: int) -> bytes:
    return json.dumps({"id": name, "ts": at_ms, "label": truth(number)}).encode()


def record(topic: str, number: int, at_ms: int, body: bytes) -> Record:
    return Record(topic, number, body, timestamp=at_ms, partition=number % PARTITIONS)


class TimedSource:
    """A source of prepared batches that measures the wall and CPU time for which each commit stops the loop.

    Its offsets are all 0, so that a sidecar that resumes from the state reads the topics from the beginning.
    """

    def __init__(self, batches: Iterator[Sequence[Record]], topics: Sequence[str]) -> None:
        self._batches = batches
        self._topics = topics
        self._next: Sequence[Record] | None = next(batches, None)
        self.given = 0
        self.stops: list[tuple[float, float]] = []
        self.before_commit: Callable[[Sequence[AppliedOffset]], None] = lambda _: None
        self.revoked: Callable[[Sequence[TopicPartition]], None] = lambda _: None
        self.restoring: Mapping[TopicPartition, int] = {}
        self.gaps: Counter[str] = Counter()
        self.owner = "bench"

    def poll(self, timeout: float) -> RecordBatch:  # noqa: ARG002
        batch = self._next or ()
        self._next = next(self._batches, None)
        self.given += len(batch)
        return RecordBatch.of(batch)

    def commit(self, changed: bool = False) -> None:  # noqa: ARG002
        begin, cpu = time.perf_counter(), time.thread_time()
        self.before_commit(
            [AppliedOffset(topic, number, 0) for topic in self._topics for number in range(PARTITIONS)]
        )
        self.stops.append((time.perf_counter() - begin, time.thread_time() - cpu))

    def resume(self, reached: Sequence[AppliedOffset], owner: str) -> None:
        """Do nothing: the source has no earlier position."""

    def positions(self) -> list[Position]:
        return [Position(self._topics[0], 0, 0)]

    @property
    def exhausted(self) -> bool:
        return self._next is None

    def close(self) -> None:
        self.commit()


def chunks(count: int, size: int = BATCH) -> Iterator[Numbers]:
    """Yield the numbers up to ``count`` in batches."""
    for begin in range(0, count, size):
        yield np.arange(begin, min(begin + size, count), dtype=np.uint64)


def config(topic: str, label_topic: str, **settings: Any) -> Any:
    """Return the sidecar's configuration with these settings."""
    from stream_monitor.config.settings import RunConfig

    required = {"bootstrap_servers": "localhost:9092", "group_id": "bench"}
    return RunConfig.model_validate({**required, "topic": topic, "label_topic": label_topic, **settings})


def pipeline(chosen: Any, feed: TimedSource) -> tuple[Any, Any]:
    """Return the sidecar's pipeline on this source, and its checkpoint, None without a state directory."""
    from stream_monitor.actions.memory import MemorySink
    from stream_monitor.actions.outbox import Outbox
    from stream_monitor.app import sidecar, wiring
    from stream_monitor.core.clock import SystemClock
    from stream_monitor.state.checkpoint import Checkpoint

    wiring.tune_garbage_collector()
    clock = SystemClock()
    checkpoint = Checkpoint(chosen.state_dir) if chosen.state_dir else None
    made = wiring.make_pipeline(
        chosen,
        feed,
        wiring.make_codec(chosen, clock, set(chosen.label_topic)),
        Outbox({"memory": MemorySink()}),
        clock,
        checkpoint_interval=chosen.checkpoint_interval,
        store=checkpoint.store if checkpoint else None,
        max_memory=chosen.max_memory,
    )
    if checkpoint:
        made.resume(checkpoint, sidecar.fingerprint(chosen))
    return made, checkpoint
