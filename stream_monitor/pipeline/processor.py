"""One batch, from records to detections."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from stream_monitor.contract.dead_letters import DeadLetters
from stream_monitor.core.batch import RecordBatch
from stream_monitor.core.clock import Clock
from stream_monitor.core.event_batch import EventBatch, PredictionBatch
from stream_monitor.core.events import Detection, Rejection
from stream_monitor.core.feature_table import TooManyFeaturesError
from stream_monitor.core.outcome_batch import OutcomeBatch
from stream_monitor.core.ratelimit import RateLimit
from stream_monitor.core.records import Record, TopicPartition
from stream_monitor.decoding.batch_decoder import BatchDecoder
from stream_monitor.decoding.codec import Codec
from stream_monitor.join.batch_join import Joined
from stream_monitor.join.joiner import Joiner
from stream_monitor.join.origins import Origins
from stream_monitor.monitors.fleet import Fleet
from stream_monitor.performance.evaluation import EvaluationSample
from stream_monitor.performance.groups import SubgroupReader
from stream_monitor.pipeline.contract_check import ContractCheck
from stream_monitor.pipeline.counters import Counters

logger = logging.getLogger(__name__)

#: Log lines about rejected records in a minute.
MAX_WARNINGS = 10
#: Outcomes and expirations that are applied at once at the end of a file.
MAX_CATCH_UP = 2_000

NO_PREDICTIONS = PredictionBatch.of((), ())


class BatchProcessor:
    """Decodes a batch, joins its labels with predictions, and updates the monitors with both.

    Args:
        codec: Decodes records.
        joiner: Joins labels with predictions.
        fleet: The monitors.
        clock: The time, for log lines.
        sample: Keeps predictions for evaluation sets; None: nothing does.
        dead_letters: Takes records that can't be used or break the contract; None: nothing does.
    """

    def __init__(
        self,
        codec: Codec,
        joiner: Joiner,
        fleet: Fleet,
        clock: Clock,
        sample: EvaluationSample | None = None,
        dead_letters: DeadLetters | None = None,
    ) -> None:
        self.codec, self.joiner, self.fleet, self.sample = codec, joiner, fleet, sample
        self._subgroups = SubgroupReader(fleet.settings.fairness.groupings)
        contract = fleet.settings.contract
        self.dead_letters = dead_letters
        self.contract = ContractCheck(contract, codec, clock, dead_letters) if contract else None
        self._decoder = BatchDecoder(codec, self._is_received)
        self._clock = clock
        self._warnings = RateLimit(clock, MAX_WARNINGS)
        self.counters = Counters()

    def _is_received(self, name: str) -> bool:
        """Return whether a feature must be in tables as received: its numbers, too, are categories or no text."""
        is_in_contract = self.contract is not None and self.contract.is_received(name)
        return is_in_contract or self.fleet.settings.is_category(name)

    def process(self, batch: RecordBatch, restoring: Mapping[TopicPartition, int]) -> list[Detection]:
        """Apply a batch; return the drifts detected in it, in order.

        Args:
            batch: The records.
            restoring: Restore end offset by partition. A record before that of its partition was applied elsewhere;
                here it only restores what waits.
        """
        events = self._decode(batch)
        if events:
            return self._apply(batch, events, Origins.of(batch, restoring))
        half = len(batch) // 2
        return [*self.process(batch[:half], restoring), *self.process(batch[half:], restoring)]

    def _decode(self, batch: RecordBatch) -> EventBatch | None:
        """Return the events of a batch; None where they have too many features to be kept at once."""
        try:
            events = self._decoder.decode(batch)
        except TooManyFeaturesError:
            return None
        return replace(events, predictions=self._subgroups.read(events.predictions))

    def _apply(self, batch: RecordBatch, events: EventBatch, origins: Origins) -> list[Detection]:
        """Apply the events of a batch; return the drifts detected in it, in order."""
        first = self.counters.predictions
        joined = self.joiner.join(events, origins, first)
        self._count(batch, events, joined, origins)
        self._expect(events.predictions, origins)
        predictions = events.predictions
        taken = predictions if len(joined.rows) == len(predictions) else predictions.take(joined.rows)
        if self.contract:
            taken = self.contract.apply(batch, taken)
        self.counters.count_backward(taken.ts)
        return self._update(taken, first, joined.outcomes)

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
            **({"evaluation": self.sample.state()} if self.sample else {}),
            **({"dead_letters": self.dead_letters.state()} if self.dead_letters else {}),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        self.counters.restore(state["counters"])
        self.joiner.restore(state["joiner"])
        self.fleet.restore(state["fleet"])
        self.codec.timestamps_replaced = state["timestamps_replaced"]
        if self.sample:
            self.sample.restore(state.get("evaluation"))
        if self.dead_letters and "dead_letters" in state:
            self.dead_letters.restore(state["dead_letters"])

    def _count(self, batch: RecordBatch, events: EventBatch, joined: Joined, origins: Origins) -> None:
        """Count the records of a batch but for those that restore."""
        counters, is_live = self.counters, ~origins.is_restored
        counters.predictions += len(joined.rows)
        counters.labels += joined.labels
        counts = np.bincount(batch.which[is_live], minlength=len(batch.partitions)).tolist()
        for topic, count in zip(batch.topics, counts, strict=True):
            if count:
                counters.records[topic] += count
        rejected = np.zeros(len(batch), np.uint8)
        for at, rejection in events.rejections:
            rejected[at] = 1
            if is_live[at]:
                self._reject(batch.record(at), rejection)
        counters.count_recent(rejected.tobytes())

    def _expect(self, predictions: PredictionBatch, origins: Origins) -> None:
        """Follow the versions of restored predictions, which wait for labels here though none was counted."""
        for row in np.flatnonzero(origins.is_restored[predictions.at]).tolist():
            self.fleet.expect(predictions.keys[predictions.which[row]])

    def _reject(self, record: Record, rejection: Rejection) -> None:
        self.counters.reject(rejection.reason)
        if self.dead_letters:
            self.dead_letters.put_rejected(record, rejection)
        if self._warnings.allow():
            where = f"{record.topic}[{record.partition}] offset {record.offset}"
            fields = {"event": "rejected", "reason": rejection.reason.value, "at": self._clock.now()}
            message = "rejected %s: %s: %s"
            logger.warning(message, where, rejection.reason.value, rejection.detail, extra={"fields": fields})

    def _update(self, predictions: PredictionBatch, first: int, outcomes: OutcomeBatch) -> list[Detection]:
        index = np.arange(first, first + len(predictions), dtype=np.int64)
        detections = self.fleet.update(predictions, index, outcomes)
        self.fleet.advance(self.joiner.stream_time)
        if self.sample:
            self.sample.update(predictions, first, outcomes)
        return detections
