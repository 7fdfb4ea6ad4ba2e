"""The data path, top to bottom."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any

from stream_monitor.alerts.base import Sink
from stream_monitor.checkpoint import Checkpoint
from stream_monitor.clock import Clock
from stream_monitor.codec import Codec
from stream_monitor.errors import ConfigError, Reason, SourceError
from stream_monitor.events import Detection, Label, Outcome, Prediction, Rejection
from stream_monitor.joiner import Joiner
from stream_monitor.monitor import Fleet
from stream_monitor.ratelimit import RateLimit
from stream_monitor.sources.base import Position, Reached, Record, Source
from stream_monitor.stats import REJECT_WINDOW, Stats

logger = logging.getLogger(__name__)
_topic = attrgetter("topic")


class Pipeline:
    """Moves records from the source through codec, joiner and monitors to the sinks.

    ``lock`` is held while a batch is applied: whoever reads the state (the exporter) takes it too.
    """

    def __init__(
        self,
        source: Source,
        codec: Codec,
        joiner: Joiner,
        fleet: Fleet,
        sinks: Sequence[Sink],
        clock: Clock,
        *,
        checkpoint_interval: float = 5.0,
        poll_timeout: float = 0.5,
    ) -> None:
        self.source, self.codec, self.joiner, self.fleet = source, codec, joiner, fleet
        self._sinks, self._clock = sinks, clock
        self._checkpoint_interval, self._poll_timeout = checkpoint_interval, poll_timeout
        self._next_checkpoint = clock.monotonic() + checkpoint_interval
        self._warnings = RateLimit(clock, per_minute=10)
        self.stats = Stats()
        self.lock = threading.Lock()
        self._last_pass = clock.monotonic()
        self.positions: list[Position] = []

    def run(self, stop: threading.Event, progress: Callable[[int], None] = lambda _: None) -> None:
        """Poll until the source is exhausted or ``stop`` is set; a source that fails is tried again with back-off."""
        failures = 0
        while not stop.is_set() and not self.source.exhausted:
            try:
                progress(self.step())
                failures = 0
            except SourceError as error:
                failures += 1
                self.stats.source_errors += 1
                self.positions = []
                wait = min(0.5 * 2 ** min(failures, 5), 15.0)
                logger.warning("%s; trying again in %.0f s", error, wait)
                stop.wait(wait)
            self._last_pass = self._clock.monotonic()

    @property
    def age(self) -> float:
        """Seconds since the loop last came round."""
        return self._clock.monotonic() - self._last_pass

    def step(self) -> int:
        """One pass over the whole path; the number of records it moved."""
        records = self.source.poll(self._poll_timeout)
        if records:
            with self.lock:
                predictions, outcomes = self._join(records)
                detections = self.fleet.predict(predictions) + self.fleet.resolve(outcomes)
            self._announce(detections)
        # Only this thread may ask the source; the exporter reads what is noted here.
        self.positions = self.source.positions()
        if self._clock.monotonic() >= self._next_checkpoint:
            self.source.commit()
            self._next_checkpoint = self._clock.monotonic() + self._checkpoint_interval
        return len(records)

    def save_to(self, checkpoint: Checkpoint) -> None:
        """Take up what was saved, and from now on save before every commit: state and positions in one step."""
        saved = checkpoint.load()
        if saved:
            state, table = saved
            _check_settings(state["settings"], self.fleet.lasting_settings)
            self.stats.restore(state["stats"])
            self.joiner.restore(state["joiner"], table)
            self.fleet.restore(state["fleet"])
            self.codec.timestamps_replaced = state["timestamps_replaced"]
            self.source.resume([Reached(*reached) for reached in state["reached"]])
            logger.info("took up the state after %d predictions", self.stats.predictions)
        self.source.before_commit = lambda reached: checkpoint.save(self._state(reached), self.joiner.table_changes())

    def _state(self, reached: Sequence[Reached]) -> dict[str, Any]:
        return {
            "settings": self.fleet.lasting_settings,
            "reached": reached,
            "stats": self.stats.state(),
            "joiner": self.joiner.state(),
            "fleet": self.fleet.state(),
            "timestamps_replaced": self.codec.timestamps_replaced,
        }

    def _join(self, records: Sequence[Record]) -> tuple[list[tuple[int, Prediction]], list[Outcome]]:
        """Decode each record and pair predictions with labels."""
        stats, joiner = self.stats, self.joiner
        predictions: list[tuple[int, Prediction]] = []
        outcomes: list[Outcome] = []
        unusable = bytearray(len(records))
        for at, record in enumerate(records):
            try:
                event = self.codec.decode(record)
            except Exception as error:
                logger.debug("while decoding", exc_info=True)
                event = Rejection(
                    Reason.INTERNAL,
                    f"{type(error).__name__} while decoding; please report it (--log-level debug tells more)",
                )
            if type(event) is Prediction:
                resolved = joiner.predict(event, stats.predictions)
                if resolved is not None:
                    predictions.append((stats.predictions, event))
                    outcomes += resolved
                    stats.predictions += 1
                    stats.labels += event.y_true is not None
            elif type(event) is Label:
                resolved = joiner.label(event)
                if resolved is not None:
                    outcomes += resolved
                    stats.labels += 1
            else:
                self._reject(record, event)  # type: ignore[arg-type]
                unusable[at] = 1
        stats.records.update(map(_topic, records))
        stats.recent_rejects.extend(unusable[-REJECT_WINDOW:])
        stats.outcomes += len(outcomes)
        return predictions, outcomes

    def _reject(self, record: Record, rejection: Rejection) -> None:
        self.stats.reject(rejection.reason)
        if self._warnings.allow():
            where = f"{record.topic}[{record.partition}] offset {record.offset}"
            fields = {"event": "rejected", "reason": rejection.reason.value, "at": self._clock.now()}
            message = "rejected %s: %s: %s"
            logger.warning(message, where, rejection.reason.value, rejection.detail, extra={"fields": fields})

    def _announce(self, detections: Sequence[Detection]) -> None:
        for detection in detections:
            for sink in self._sinks:
                sink.send(detection)

    def close(self) -> None:
        """Commit what was applied, and leave the source."""
        self.source.close()


def _check_settings(saved: Mapping[str, Any], current: Mapping[str, Any]) -> None:
    """A state means something else under these settings: better to say so than to go on with it."""
    for name, value in saved.items():
        if current.get(name) != value:
            raise ConfigError(
                f"--{name}: the state in --state-dir is of {value}; keep that, or use another directory"
            )
