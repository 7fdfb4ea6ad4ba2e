"""One batch, from records to detections."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.arrays import Ints
from stream_monitor.core.batch import RecordBatch
from stream_monitor.core.clock import Clock
from stream_monitor.core.errors import Reason
from stream_monitor.core.event_batch import EventBatch, OutcomeBatch, PredictionBatch
from stream_monitor.core.events import Detection, Label, Outcome, Prediction, Rejection
from stream_monitor.core.ratelimit import RateLimit
from stream_monitor.core.records import Record, TopicPartition
from stream_monitor.decoding.codec import Codec
from stream_monitor.join.joiner import Joiner
from stream_monitor.monitors.fleet import Fleet
from stream_monitor.pipeline.counters import Counters

logger = logging.getLogger(__name__)

#: Log lines about rejected records in a minute.
MAX_WARNINGS = 10
#: Outcomes and expirations that are applied at once at the end of a file.
MAX_CATCH_UP = 2_000

NO_PREDICTIONS = PredictionBatch.of((), ())


class BatchProcessor:
    """Decodes a batch, joins its labels with predictions, and updates the monitors with both."""

    def __init__(self, codec: Codec, joiner: Joiner, fleet: Fleet, clock: Clock) -> None:
        self.codec, self.joiner, self.fleet = codec, joiner, fleet
        self._clock = clock
        self._warnings = RateLimit(clock, MAX_WARNINGS)
        self.counters = Counters()

    def process(self, batch: RecordBatch, restoring: Mapping[TopicPartition, int]) -> list[Detection]:
        """Apply a batch; return the drifts detected in it, in order.

        Args:
            batch: The records.
            restoring: Restore end offset by partition. A record before that of its partition was applied elsewhere;
                here it only restores what waits.
        """
        events = self._decode(batch)
        kept, first, outcomes = self._join(batch, events, restoring)
        predictions = events.predictions if len(kept) == len(events.predictions) else events.predictions.take(kept)
        return self._update(predictions, first, outcomes)

    @property
    def is_behind(self) -> bool:
        """True while outcomes or expirations are due that no event has triggered yet."""
        return self.joiner.is_behind

    def catch_up(self) -> list[Detection]:
        """Apply some of what is due, at the end of a file; return the drifts detected in it.

        A pause in a stream does not trigger it: results may depend on records only.
        """
        self.joiner.catch_up(MAX_CATCH_UP)
        emitted, first = self.joiner.take_outcomes(), self.counters.predictions
        return self._update(NO_PREDICTIONS, first, OutcomeBatch.of(emitted, [first] * len(emitted)))

    def revoke(self, partitions: Sequence[TopicPartition]) -> None:
        """Drop what waits of these partitions: another process goes on with it."""
        self.joiner.revoke(partitions)

    @property
    def unaccounted(self) -> int:
        """Records read whose end is not known; any other number than 0 is a bug."""
        counters, joiner = self.counters, self.joiner
        return joiner.ledger.unaccounted(counters.records.total(), counters.rejected.total(), joiner.waiting)

    def state(self) -> dict[str, Any]:
        return {
            "counters": self.counters.state(),
            "joiner": self.joiner.state(),
            "fleet": self.fleet.state(),
            "timestamps_replaced": self.codec.timestamps_replaced,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        self.counters.restore(state["counters"])
        self.joiner.restore(state["joiner"])
        self.fleet.restore(state["fleet"])
        self.codec.timestamps_replaced = state["timestamps_replaced"]

    def _decode(self, batch: RecordBatch) -> EventBatch:
        events: list[Prediction | Label | Rejection] = []
        for record in batch:
            try:
                events.append(self.codec.decode(record))
            except Exception as error:
                logger.debug("while decoding", exc_info=True)
                hint = "please report it (--log-level debug tells more)"
                events.append(Rejection(Reason.INTERNAL, f"{type(error).__name__} while decoding; {hint}"))
        return EventBatch.of(events, self.fleet.is_category)

    def _join(
        self, batch: RecordBatch, events: EventBatch, restoring: Mapping[TopicPartition, int]
    ) -> tuple[Ints, int, OutcomeBatch]:
        """Return the rows of the new predictions, the position of the first of them, and the outcomes."""
        counters, joiner, first = self.counters, self.joiner, self.counters.predictions
        joiner.prefetch([*events.predictions.ids, *events.labels.ids])
        # One set: the joiner, too, sees a partition leave it.
        joiner.restoring = still_restoring = set(restoring)
        ends = np.array([restoring.get(partition, 0) for partition in batch.partitions], np.int64)
        is_restored = batch.offsets < ends[batch.which]
        kept: list[int] = []
        outcomes: list[Outcome] = []
        before: list[int] = []
        for at, row, event in _in_order(events):
            partition = batch.partitions[batch.which[at]]
            if restoring and not is_restored[at]:
                still_restoring.discard(partition)
            if partition in still_restoring:
                self._restore(event, partition)
            elif isinstance(event, Prediction):
                if joiner.predict(event, counters.predictions, partition):
                    kept.append(row)
                    counters.predictions += 1
                    counters.labels += event.y_true is not None
            elif isinstance(event, Label):
                counters.labels += joiner.label(event, partition)
            else:
                self._reject(batch.record(at), event)
            if emitted := joiner.take_outcomes():
                outcomes += emitted
                before += [counters.predictions] * len(emitted)
        self._count(batch, events, is_restored)
        return np.array(kept, np.int64), first, OutcomeBatch.of(outcomes, before)

    def _count(self, batch: RecordBatch, events: EventBatch, is_restored: NDArray[np.bool_]) -> None:
        """Count the records of a batch but for those that restore."""
        counts = np.bincount(batch.which[~is_restored], minlength=len(batch.partitions)).tolist()
        for topic, count in zip(batch.topics, counts, strict=True):
            if count:
                self.counters.records[topic] += count
        rejected = np.zeros(len(batch), np.uint8)
        rejected[[at for at, _ in events.rejections]] = 1
        self.counters.count_recent(rejected.tobytes())

    def _restore(self, event: Prediction | Label | Rejection, partition: TopicPartition) -> None:
        """Take an event only for what waits: it was applied elsewhere."""
        if isinstance(event, Prediction):
            self.fleet.expect(event.key)
            self.joiner.predict(event, self.counters.predictions, partition, restored=True)
        elif isinstance(event, Label):
            self.joiner.label(event, partition, restored=True)

    def _reject(self, record: Record, rejection: Rejection) -> None:
        self.counters.reject(rejection.reason)
        if self._warnings.allow():
            where = f"{record.topic}[{record.partition}] offset {record.offset}"
            fields = {"event": "rejected", "reason": rejection.reason.value, "at": self._clock.now()}
            message = "rejected %s: %s: %s"
            logger.warning(message, where, rejection.reason.value, rejection.detail, extra={"fields": fields})

    def _update(self, predictions: PredictionBatch, first: int, outcomes: OutcomeBatch) -> list[Detection]:
        index = np.arange(first, first + len(predictions), dtype=np.int64)
        detections = self.fleet.update(predictions, index, outcomes)
        self.fleet.advance(self.joiner.stream_time)
        return detections


def _in_order(events: EventBatch) -> Iterator[tuple[int, int, Prediction | Label | Rejection]]:
    """Yield the events of a batch in order, each with the row of its record and its row among those of its kind."""
    predictions, labels = events.predictions, events.labels
    places: list[tuple[int, int, int]] = [(at, 0, row) for row, at in enumerate(predictions.at.tolist())]
    places += [(at, 1, row) for row, at in enumerate(labels.at.tolist())]
    places += [(at, 2, row) for row, (at, _) in enumerate(events.rejections)]
    for at, kind, row in sorted(places):
        if kind == 2:
            yield at, row, events.rejections[row][1]
        else:
            yield at, row, predictions.event(row) if kind == 0 else labels.event(row)
