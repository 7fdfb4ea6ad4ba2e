"""Memory of everything that is kept, as measured by `tracemalloc`."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stream_monitor.core.events import ModelVersion, Prediction
from stream_monitor.join.joiner import Joiner
from stream_monitor.state.key_value_store import KeyValueStore, MemoryStore
from stream_monitor.state.rocksdb import RocksDBStore

COUNT = 3000
#: Of an id that has met its label, about 210 bytes were measured.
MAX_PER_ID = 400


@pytest.fixture(params=["memory", "disk"])
def table(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[KeyValueStore]:
    if request.param == "memory":
        yield MemoryStore()
        return
    disk = RocksDBStore(tmp_path)
    yield disk
    disk.close()


def grown(work: Callable[[], object]) -> int:
    """Return the bytes by which memory has grown after the work."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("label", [None, "yes"])
def test_what_is_known_of_an_id_takes_little_more_than_its_bytes(table: KeyValueStore, label: str | None) -> None:
    joiner = Joiner(table)
    key = ModelVersion("churn", "3")

    def take() -> None:
        for number in range(COUNT):
            joiner.events.predict(Prediction(f"r-{number}", 1.8e9 + number, key, "yes", {}, y_true=label), number)
            joiner.take_outcomes()

    assert grown(take) < MAX_PER_ID * COUNT
