"""One batch, from records to detections."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any

from stream_monitor.core.batch import RecordBatch
from stream_monitor.core.clock import Clock
from stream_monitor.core.errors import Reason
from stream_monitor.core.events import Detection, Label, Outcome, Prediction, Rejection
from stream_monitor.core.ratelimit import RateLimit
from stream_monitor.core.records import Record, TopicPartition
from stream_monitor.decoding.codec import Codec
from stream_monitor.join.joiner import Joiner
from stream_monitor.monitors.fleet import Fleet
from stream_monitor.pipeline.counters import Counters

logger = logging.getLogger(__name__)
_topic = attrgetter("topic")

#: Log lines about rejected records in a minute.
MAX_WARNINGS = 10
#: Outcomes and expirations that are applied at once at the end of a file.
MAX_CATCH_UP = 2_000

_Event = Prediction | Label | Rejection
_Predictions = list[tuple[int, Prediction]]
_Outcomes = list[tuple[int, Outcome]]


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
        records = list(batch)
        events = self._decode(records)
        predictions, outcomes = self._join(records, events, restoring)
        return self._update(predictions, outcomes)

    @property
    def is_behind(self) -> bool:
        """True while outcomes or expirations are due that no event has triggered yet."""
        return self.joiner.is_behind

    def catch_up(self) -> list[Detection]:
        """Apply some of what is due, at the end of a file; return the drifts detected in it.

        A pause in a stream does not trigger it: results may depend on records only.
        """
        self.joiner.catch_up(MAX_CATCH_UP)
        return self._update([], [(self.counters.predictions, outcome) for outcome in self.joiner.take_outcomes()])

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

    def _decode(self, records: Sequence[Record]) -> list[_Event]:
        events: list[_Event] = []
        for record in records:
            try:
                events.append(self.codec.decode(record))
            except Exception as error:
                logger.debug("while decoding", exc_info=True)
                hint = "please report it (--log-level debug tells more)"
                events.append(Rejection(Reason.INTERNAL, f"{type(error).__name__} while decoding; {hint}"))
        return events

    def _join(
        self, records: Sequence[Record], events: Sequence[_Event], restoring: Mapping[TopicPartition, int]
    ) -> tuple[_Predictions, _Outcomes]:
        """Return new predictions with their positions, and outcomes with the position of the next prediction."""
        counters, joiner = self.counters, self.joiner
        joiner.prefetch([event.id for event in events if type(event) is not Rejection])  # type: ignore[union-attr]
        # One set: the joiner, too, sees a partition leave it.
        joiner.restoring = still_restoring = set(restoring)
        predictions: _Predictions = []
        outcomes: _Outcomes = []
        rejected = bytearray(len(records))
        for at, (record, event) in enumerate(zip(records, events, strict=True)):
            partition = (record.topic, record.partition)
            if restoring and not _is_restored(record, restoring):
                still_restoring.discard(partition)
            if partition in still_restoring:
                self._restore(event, partition)
            elif type(event) is Prediction:
                if joiner.predict(event, counters.predictions, partition):
                    predictions.append((counters.predictions, event))
                    counters.predictions += 1
                    counters.labels += event.y_true is not None
            elif type(event) is Label:
                counters.labels += joiner.label(event, partition)
            else:
                self._reject(record, event)  # type: ignore[arg-type]
                rejected[at] = 1
            if emitted := joiner.take_outcomes():
                outcomes += [(counters.predictions, outcome) for outcome in emitted]
        new = [record for record in records if not _is_restored(record, restoring)] if restoring else records
        counters.records.update(map(_topic, new))
        counters.count_recent(rejected)
        return predictions, outcomes

    def _restore(self, event: _Event, partition: TopicPartition) -> None:
        """Take an event only for what waits: it was applied elsewhere."""
        if type(event) is Prediction:
            self.fleet.expect(event.key)
            self.joiner.predict(event, self.counters.predictions, partition, restored=True)
        elif type(event) is Label:
            self.joiner.label(event, partition, restored=True)

    def _reject(self, record: Record, rejection: Rejection) -> None:
        self.counters.reject(rejection.reason)
        if self._warnings.allow():
            where = f"{record.topic}[{record.partition}] offset {record.offset}"
            fields = {"event": "rejected", "reason": rejection.reason.value, "at": self._clock.now()}
            message = "rejected %s: %s: %s"
            logger.warning(message, where, rejection.reason.value, rejection.detail, extra={"fields": fields})

    def _update(self, predictions: _Predictions, outcomes: _Outcomes) -> list[Detection]:
        detections = self.fleet.update(predictions, outcomes)
        self.fleet.advance(self.joiner.stream_time)
        return detections


def _is_restored(record: Record, restoring: Mapping[TopicPartition, int]) -> bool:
    return record.offset < restoring.get((record.topic, record.partition), 0)
