"""The data path, top to bottom."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from stream_monitor.actions.audit_events import audit_events
from stream_monitor.actions.audit_log import AuditLog
from stream_monitor.actions.deployments import Deployments
from stream_monitor.actions.evaluation_export import EvaluationExport
from stream_monitor.actions.outbox import Outbox
from stream_monitor.core import failpoints
from stream_monitor.core.clock import Clock
from stream_monitor.core.errors import SinkError, SourceError
from stream_monitor.core.events import Detection
from stream_monitor.core.records import TopicPartition
from stream_monitor.pipeline.processor import BatchProcessor
from stream_monitor.pipeline.saved_state import SavedState
from stream_monitor.pipeline.snapshot import LoopStatus
from stream_monitor.pipeline.snapshot_reads import SnapshotReads
from stream_monitor.pipeline.watched import Watched
from stream_monitor.sources.base import AppliedOffset, Position, Source
from stream_monitor.state.checkpoint import Checkpoint

logger = logging.getLogger(__name__)

#: Changes of waiting records that are kept in memory at most; then they are saved.
MAX_UNSAVED = 10_000
#: Seconds between two attempts to read a source that fails, at most.
MAX_BACK_OFF = 15.0


class Pipeline:
    """The loop that moves batches from a source through the processor to the outbox, and saves the state.

    Other threads take snapshots through ``reads``, and ask for `status` without waiting for the loop.

    Args:
        source: Gives the records.
        processor: Makes detections of them.
        outbox: Delivers the detections.
        clock: The time for back-off and checkpoints.
        checkpoint_interval: Seconds between two checkpoints.
        poll_timeout: Seconds to wait for records in one pass.
        evaluation: Writes evaluation sets; None: nothing does.
        audit: The audit log; None: there is none.
        deployments: Deploys versions by verdicts in the audit log; None: nothing does.
    """

    def __init__(
        self,
        source: Source,
        processor: BatchProcessor,
        outbox: Outbox,
        clock: Clock,
        *,
        checkpoint_interval: float = 5.0,
        poll_timeout: float = 0.5,
        evaluation: EvaluationExport | None = None,
        audit: AuditLog | None = None,
        deployments: Deployments | None = None,
    ) -> None:
        self.source, self.processor, self.outbox, self._clock = source, processor, outbox, clock
        self.evaluation, self.audit, self.deployments = evaluation, audit, deployments
        self._checkpoint_interval, self._poll_timeout = checkpoint_interval, poll_timeout
        self._next_checkpoint = clock.monotonic() + checkpoint_interval
        self._last_pass = clock.monotonic()
        self.saved_state: SavedState | None = None
        self.reads = SnapshotReads()
        self.positions: list[Position] = []
        self.restoring: list[TopicPartition] = []
        self.source.gaps = processor.counters.gaps
        self.source.revoked = self._revoke

    @property
    def watched(self) -> Watched:
        """The parts of the product that are turned on."""
        settings = self.processor.fleet.settings
        return Watched(
            drift=bool(settings.specs),
            training=settings.profile is not None,
            contract=settings.contract is not None,
            evaluation=self.evaluation is not None,
            groups=bool(settings.fairness.groupings),
            baselines=settings.baseline.kind != "none",
            retraining=bool(settings.retrain.policies),
            audit=self.audit is not None,
        )

    def resume(self, checkpoint: Checkpoint, fingerprint: str = "") -> None:
        """Restore the state of a checkpoint, and save to it from now on, before every commit.

        Args:
            checkpoint: The directory of the state; it may be empty.
            fingerprint: Identifies the configuration.
        """
        parts = self.source, self.processor, self.outbox, self.audit, self.deployments
        self.saved_state = SavedState(checkpoint, fingerprint, *parts)
        self.saved_state.restore()
        self.source.before_commit = self._save

    def run(self, stop: threading.Event, progress: Callable[[int], None] = lambda _: None) -> None:
        """Run until the source is exhausted or ``stop`` is set; retry a source that fails, with back-off.

        Args:
            stop: Ends the loop after the present batch.
            progress: Called after each pass with its number of records.
        """
        failures = 0
        while not stop.is_set() and not self.source.exhausted:
            try:
                progress(self.step())
                failures = 0
            except (SourceError, SinkError) as error:
                failures += 1
                wait = min(0.5 * 2 ** min(failures, 5), MAX_BACK_OFF)
                if isinstance(error, SourceError):
                    self._fail()
                logger.warning("%s; trying again in %.0f s", error, wait)
                stop.wait(wait)
            self._last_pass = self._clock.monotonic()
        while self.source.exhausted and self.processor.is_behind:
            with self._changing():
                self._put(self.processor.catch_up())
        self._send()
        if self.source.exhausted and self.processor.sample:
            self.processor.sample.close()
        self._export()

    def step(self) -> int:
        """Move one batch along the whole path; return its number of records.

        Raises:
            SourceError: The source can't be read now.
            SinkError: Dead letters can't be written now; until they are, nothing is read, saved or committed.
        """
        self._write_dead_letters()
        batch = self.source.poll(self._poll_timeout)
        if len(batch):
            with self._changing():
                self._put(self.processor.process(batch, self.source.restoring))
            failpoints.hit("applied")
            self._write_dead_letters()
        self._send()
        self._export()
        # Only this thread may ask the source; others read the copies.
        self.positions, self.restoring = self.source.positions(), sorted(self.source.restoring)
        if self._is_checkpoint_due():
            self.source.commit(changed=not self.reads.is_saved)
            failpoints.hit("committed")
            self._next_checkpoint = self._clock.monotonic() + self._checkpoint_interval
        self.reads.serve()
        return len(batch)

    def status(self) -> LoopStatus:
        """Return the state of the loop; called from any thread, without the lock."""
        counters = self.processor.counters
        age = self._clock.monotonic() - self._last_pass
        fault = self.processor.dead_letters.fault if self.processor.dead_letters else ""
        return LoopStatus(age, self.positions, self.restoring, counters.recent_records, counters.reject_share, fault)

    def close(self) -> None:
        """Save and commit what was applied, and close the source; nothing while dead letters can't be written."""
        try:
            self._write_dead_letters()
        except SinkError as error:
            logger.error("%s; the records since the last checkpoint will be read again", error)
            self.source.close(commit=False)
            return
        finally:
            if self.processor.dead_letters:
                self.processor.dead_letters.close()
        with self._changing():
            self.outbox.close()
            if self.deployments:
                self.deployments.close()
        self.source.commit(changed=not self.reads.is_saved)
        self.source.close()

    def _write_dead_letters(self) -> None:
        """Write the dead letters of the batches so far; their offsets must not be committed before."""
        if self.processor.dead_letters:
            try:
                self.processor.dead_letters.write()
            except SinkError as error:
                raise SinkError(f"--dead-letter-topic: {error}") from None

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Hold the lock while the state changes; it is unsaved from then on."""
        with self.reads.lock:
            self.reads.is_saved = self.saved_state is None
            yield

    def _put(self, detections: Sequence[Detection]) -> None:
        """Let notices and entries of the audit log wait, as part of the state."""
        fleet = self.processor.fleet
        requests, events = fleet.retraining.take_requests(), fleet.take_events()
        if self.evaluation:
            requests = [one._replace(evaluation_sets=self.evaluation.paths(one.model)) for one in requests]
        self.outbox.put([*detections, *fleet.take_recoveries(), *requests])
        entries = self.audit.put(audit_events(detections, events, requests)) if self.audit else []
        if self.deployments:
            self.deployments.put(entries)

    def _send(self) -> None:
        """Send the alerts that wait, and deploy; write the audit log here only where no state is saved."""
        if self.outbox.is_due:
            with self._changing():
                self.outbox.send()
        if self.audit and self.saved_state is None:
            self.audit.write()
        if self.deployments and self.deployments.is_due:
            with self._changing():
                self.deployments.advance()

    def _export(self) -> None:
        """Write the evaluation sets that are due."""
        if self.evaluation and self.evaluation.is_due:
            with self._changing():
                self.evaluation.send()

    def _is_checkpoint_due(self) -> bool:
        """Check that it is time, that much is unsaved, or that a reader waits for a saved state."""
        unsaved = self.saved_state.unsaved if self.saved_state else 0
        return self._clock.monotonic() >= self._next_checkpoint or unsaved >= MAX_UNSAVED or self.reads.are_waiting

    def _save(self, applied: Sequence[AppliedOffset]) -> None:
        if self.saved_state:
            self.saved_state.save(applied)
            self.reads.is_saved = True
            if self.audit:
                self.audit.write()

    def _fail(self) -> None:
        """Count a failure of the source; save and serve readers, since no pass does."""
        with self._changing():
            self.processor.counters.source_errors += 1
        self.positions = []
        self._send()
        if not self.reads.is_saved:
            self.source.commit(changed=True)
        self.reads.serve()

    def _revoke(self, partitions: Sequence[TopicPartition]) -> None:
        with self._changing():
            self.processor.revoke(partitions)
