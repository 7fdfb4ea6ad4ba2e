"""The data path, top to bottom."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any

from stream_monitor.actions.outbox import Outbox
from stream_monitor.core import failpoints
from stream_monitor.core.clock import Clock
from stream_monitor.core.errors import ConfigError, Reason, SourceError
from stream_monitor.core.events import Label, Outcome, Prediction, Rejection
from stream_monitor.core.ratelimit import RateLimit
from stream_monitor.core.records import Record, TopicPartition
from stream_monitor.decoding.codec import Codec
from stream_monitor.join.joiner import Joiner
from stream_monitor.monitors.fleet import Fleet
from stream_monitor.pipeline.counters import Counters
from stream_monitor.pipeline.snapshot import LoopStatus
from stream_monitor.pipeline.snapshot_reads import SnapshotReads
from stream_monitor.sources.base import AppliedOffset, Position, Source
from stream_monitor.state.checkpoint import Checkpoint

logger = logging.getLogger(__name__)
_topic = attrgetter("topic")

#: Changes of what waits that are kept in memory at most before they are saved.
MAX_UNSAVED = 10_000
#: Things that are due, done at once at the end of a file.
AT_REST = 2_000


class Pipeline:
    """Moves records from the source through codec, joiner and monitors to the outbox.

    Other threads take snapshots through ``reads``.
    """

    def __init__(
        self,
        source: Source,
        codec: Codec,
        joiner: Joiner,
        fleet: Fleet,
        outbox: Outbox,
        clock: Clock,
        *,
        checkpoint_interval: float = 5.0,
        poll_timeout: float = 0.5,
    ) -> None:
        self.source, self.codec, self.joiner, self.fleet = source, codec, joiner, fleet
        self.outbox, self._clock = outbox, clock
        self._checkpoint: Checkpoint | None = None
        self._fingerprint = ""
        self._checkpoint_interval, self._poll_timeout = checkpoint_interval, poll_timeout
        self._next_checkpoint = clock.monotonic() + checkpoint_interval
        self._warnings = RateLimit(clock, per_minute=10)
        self.counters = Counters()
        self.reads = SnapshotReads()
        self._last_pass = clock.monotonic()
        self.positions: list[Position] = []
        self.restoring: list[TopicPartition] = []
        self.source.gaps = self.counters.gaps
        self.source.revoked = self._revoke

    def run(self, stop: threading.Event, progress: Callable[[int], None] = lambda _: None) -> None:
        """Poll until the source is exhausted or ``stop`` is set; a source that fails is tried again with back-off."""
        failures = 0
        while not stop.is_set() and not self.source.exhausted:
            try:
                progress(self.step())
                failures = 0
            except SourceError as error:
                failures += 1
                with self.reads.lock:
                    self.counters.source_errors += 1
                    self.reads.is_saved = self._checkpoint is None
                self.positions = []
                self._keep()
                wait = min(0.5 * 2 ** min(failures, 5), 15.0)
                logger.warning("%s; trying again in %.0f s", error, wait)
                stop.wait(wait)
            self._last_pass = self._clock.monotonic()
        while self.source.exhausted and self.joiner.is_behind:
            self._catch_up()
        self.outbox.send()

    def _keep(self) -> None:
        """While nothing can be read, save what was, and let those read who wait."""
        if not self.reads.is_saved:
            self.source.commit(changed=True)
        self.reads.serve()

    def status(self) -> LoopStatus:
        """Return the state of the loop; called from any thread, without the lock."""
        counters = self.counters
        age = self._clock.monotonic() - self._last_pass
        return LoopStatus(age, self.positions, self.restoring, counters.recent_records, counters.reject_share)

    def step(self) -> int:
        """One pass over the whole path; the number of records it moved."""
        records = self.source.poll(self._poll_timeout)
        if records:
            with self.reads.lock:
                self._apply(*self._join(records, self._decode(records)))
            failpoints.hit("applied")
        self.outbox.send()
        # Only this thread may ask the source; other threads read what is noted here.
        self.positions, self.restoring = self.source.positions(), sorted(self.source.restoring)
        if self._is_checkpoint_due():
            self.source.commit(changed=not self.reads.is_saved)
            failpoints.hit("committed")
            self._next_checkpoint = self._clock.monotonic() + self._checkpoint_interval
        self.reads.serve()
        return len(records)

    def _apply(self, predictions: Sequence[tuple[int, Prediction]], outcomes: Sequence[tuple[int, Outcome]]) -> None:
        self.outbox.put(self.fleet.update(predictions, outcomes))
        self.fleet.advance(self.joiner.stream_time)
        self.reads.is_saved = self._checkpoint is None

    def _catch_up(self) -> None:
        """Nothing comes any more: do what events have not brought up. (A pause may not: it depends on no record.)"""
        with self.reads.lock:
            self.joiner.catch_up(AT_REST)
            self._apply((), [(self.counters.predictions, outcome) for outcome in self.joiner.take_outcomes()])

    @property
    def unaccounted(self) -> int:
        """Records that the ledger does not account for: 0, or something is wrong."""
        counters, joiner = self.counters, self.joiner
        return joiner.ledger.unaccounted(counters.records.total(), counters.rejected.total(), joiner.waiting)

    def save_to(self, checkpoint: Checkpoint, fingerprint: str = "") -> None:
        """Take up what was saved, and from now on save before every commit: state and positions in one step.

        ``fingerprint`` stands for the configuration: a change of it is said in the log.
        """
        saved = checkpoint.load()
        if saved:
            _check_settings(saved["settings"], self.fleet.settings_of_state)
            if saved["fingerprint"] != fingerprint:
                logger.info("the configuration is not that of the saved state; what it does not touch goes on")
            self.counters.restore(saved["counters"])
            self.joiner.restore(saved["joiner"])
            self.fleet.restore(saved["fleet"])
            self.outbox.restore(saved["outbox"])
            self.codec.timestamps_replaced = saved["timestamps_replaced"]
            self.source.resume([AppliedOffset(*reached) for reached in saved["reached"]], saved["owner"])
            logger.info("took up the state after %d predictions", self.counters.predictions)
        self._checkpoint, self._fingerprint = checkpoint, fingerprint
        self.source.before_commit = self._save

    def _save(self, reached: Sequence[AppliedOffset]) -> None:
        if self._checkpoint:
            self._checkpoint.save(self._state(reached))
            self.reads.is_saved = True

    def _state(self, reached: Sequence[AppliedOffset]) -> dict[str, Any]:
        return {
            "settings": self.fleet.settings_of_state,
            "fingerprint": self._fingerprint,
            "owner": self.source.owner,
            "reached": reached,
            "counters": self.counters.state(),
            "joiner": self.joiner.state(),
            "fleet": self.fleet.state(),
            "outbox": self.outbox.state(),
            "timestamps_replaced": self.codec.timestamps_replaced,
        }

    def _is_checkpoint_due(self) -> bool:
        """When it is time, when too much would be in memory, and when somebody waits for a state that is saved."""
        unsaved = self._checkpoint.store.unsaved if self._checkpoint else 0
        return self._clock.monotonic() >= self._next_checkpoint or unsaved >= MAX_UNSAVED or self.reads.are_waiting

    def _revoke(self, places: Sequence[TopicPartition]) -> None:
        with self.reads.lock:
            self.joiner.revoke(places)
            self.reads.is_saved = self._checkpoint is None

    def _decode(self, records: Sequence[Record]) -> list[Prediction | Label | Rejection]:
        events: list[Prediction | Label | Rejection] = []
        for record in records:
            try:
                events.append(self.codec.decode(record))
            except Exception as error:
                logger.debug("while decoding", exc_info=True)
                hint = "please report it (--log-level debug tells more)"
                events.append(Rejection(Reason.INTERNAL, f"{type(error).__name__} while decoding; {hint}"))
        return events

    def _join(
        self, records: Sequence[Record], events: Sequence[Prediction | Label | Rejection]
    ) -> tuple[list[tuple[int, Prediction]], list[tuple[int, Outcome]]]:
        """Pair predictions with labels: new ones with their positions, outcomes with that of the next prediction."""
        counters, joiner = self.counters, self.joiner
        joiner.prefetch([event.id for event in events if type(event) is not Rejection])  # type: ignore[union-attr]
        joiner.restoring = list(self.source.restoring)
        predictions: list[tuple[int, Prediction]] = []
        outcomes: list[tuple[int, Outcome]] = []
        unusable = bytearray(len(records))
        for at, (record, event) in enumerate(zip(records, events, strict=True)):
            place = (record.topic, record.partition)
            if joiner.restoring and place in joiner.restoring and self._is_restored(record, event, place):
                pass
            elif type(event) is Prediction:
                if joiner.predict(event, counters.predictions, place):
                    predictions.append((counters.predictions, event))
                    counters.predictions += 1
                    counters.labels += event.y_true is not None
            elif type(event) is Label:
                counters.labels += joiner.label(event, place)
            else:
                self._reject(record, event)  # type: ignore[arg-type]
                unusable[at] = 1
            if emitted := joiner.take_outcomes():
                outcomes += [(counters.predictions, outcome) for outcome in emitted]
        counters.records.update(map(_topic, records))
        counters.count_recent(unusable)
        return predictions, outcomes

    def _is_restored(self, record: Record, event: Prediction | Label | Rejection, place: TopicPartition) -> bool:
        """Take a record of a partition that is being rebuilt: True when it was only for that."""
        if record.offset >= self.source.restoring[place]:
            self.joiner.restoring = [other for other in self.joiner.restoring if other != place]
            return False
        self.counters.records[record.topic] -= 1
        if type(event) is Prediction:
            self.fleet.expect(event.key)
            self.joiner.predict(event, self.counters.predictions, place, restored=True)
        elif type(event) is Label:
            self.joiner.label(event, place, restored=True)
        return True

    def _reject(self, record: Record, rejection: Rejection) -> None:
        self.counters.reject(rejection.reason)
        if self._warnings.allow():
            where = f"{record.topic}[{record.partition}] offset {record.offset}"
            fields = {"event": "rejected", "reason": rejection.reason.value, "at": self._clock.now()}
            message = "rejected %s: %s: %s"
            logger.warning(message, where, rejection.reason.value, rejection.detail, extra={"fields": fields})

    def close(self) -> None:
        """Save and commit what was applied, and leave the source."""
        self.source.commit(changed=not self.reads.is_saved)
        self.source.close()


def _check_settings(saved: Mapping[str, Any], current: Mapping[str, Any]) -> None:
    """A state means something else under these settings: better to say so than to go on with it."""
    for name, value in saved.items():
        if current.get(name) != value:
            raise ConfigError(
                f"--{name}: the state in --state-dir is of {value}; keep that, or use another directory"
            )
