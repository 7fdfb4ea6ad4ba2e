"""A reader sees a saved state, and does not wait for a loop that hangs."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from pathlib import Path

import pytest

from stream_monitor.core.errors import StateError
from stream_monitor.join.joiner import Joiner
from stream_monitor.pipeline.snapshot_reads import SnapshotReads
from stream_monitor.state.checkpoint import Checkpoint
from stream_monitor.testing import make_prediction, make_records
from tests.harness import make_pipeline


def test_what_a_reader_sees_is_on_disk(tmp_path: Path) -> None:
    """Counters that were read are there after a kill, so that none falls."""
    records = make_records(make_prediction(at) for at in range(2000))
    checkpoint = Checkpoint(tmp_path)
    pipeline, _ = make_pipeline(records, batch_size=10, joiner=Joiner(checkpoint.store))
    pipeline.resume(checkpoint)
    seen: list[tuple[int, int]] = []

    def look() -> tuple[int, int]:
        saved = checkpoint.load()
        return pipeline.processor.counters.predictions, saved["counters"]["counts"][0] if saved else 0

    def scrape() -> None:
        while not stop.is_set():
            seen.append(pipeline.reads.read(look))

    stop = threading.Event()
    scraper = threading.Thread(target=scrape)
    scraper.start()
    while not pipeline.source.exhausted:
        pipeline.step()
        reads, at = pipeline.reads, pipeline.processor.counters.predictions
        # Where all is saved (a checkpoint was due), nobody has to wait.
        while at % 200 == 0 and not reads.is_saved and not reads.are_waiting:
            time.sleep(0.001)
    stop.set()
    while scraper.is_alive():
        pipeline.step()
    pipeline.close()
    checkpoint.close()
    assert all(shown == saved for shown, saved in seen)
    assert len({shown for shown, _ in seen}) > 3


def test_a_loop_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stream_monitor.pipeline.snapshot_reads.MAX_WAIT", 0.05)
    reads = SnapshotReads()
    reads.is_saved = False
    assert reads.read(lambda: "seen") == "seen"
    reads.is_saved = True
    reads.serve()
    assert not reads.are_waiting


def test_an_error_of_a_reader_is_its_own() -> None:
    reads = SnapshotReads()
    reads.is_saved = False
    errors: list[BaseException] = []

    def read() -> None:
        try:
            reads.read(lambda: 1 // 0)
        except ZeroDivisionError as error:
            errors.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    while not reads.are_waiting:
        time.sleep(0.001)
    reads.is_saved = True
    reads.serve()
    reader.join(5)
    assert len(errors) == 1


class _Impatient(Future[str]):
    """A future whose wait times out once the loop serves it; the loop ends once the reader has tried to cancel it."""

    served, cancelled = threading.Event(), threading.Event()

    def result(self, timeout: float | None = None) -> str:
        if timeout is None:
            return super().result(5)
        assert self.served.wait(5)
        raise FutureTimeoutError

    def cancel(self) -> bool:
        is_cancelled = super().cancel()
        self.cancelled.set()
        return is_cancelled


def test_a_reader_that_loses_patience_while_it_is_served_gets_the_result_of_the_loop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("stream_monitor.pipeline.snapshot_reads.Future", _Impatient)
    reads = SnapshotReads()
    reads.is_saved = False
    looked: list[str] = []
    found: list[str] = []

    def look() -> str:
        looked.append(threading.current_thread().name)
        _Impatient.served.set()
        _Impatient.cancelled.wait(5)
        return looked[-1]

    reader = threading.Thread(target=lambda: found.append(reads.read(look)), name="reader")
    reader.start()
    while not reads.are_waiting:
        time.sleep(0.001)
    reads.is_saved = True
    loop = threading.Thread(target=reads.serve, name="loop")
    loop.start()
    loop.join(5)
    reader.join(5)
    assert (looked, found) == (["loop"], ["loop"])


def test_after_the_end_of_the_loop_nobody_reads() -> None:
    reads = SnapshotReads()
    reads.close()
    reads.is_saved = False
    with pytest.raises(StateError, match="the loop has ended"):
        reads.read(lambda: 1)
