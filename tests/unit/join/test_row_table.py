"""All rows by id: how many are in memory, what is read from the store, and how much is written to it."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from unittest.mock import patch

import numpy as np
import pytest

from stream_monitor.core.events import ModelVersion
from stream_monitor.join.block_map import SIZE
from stream_monitor.join.row_table import RowTable
from stream_monitor.join.rows import NOTHING, WAITING
from stream_monitor.state.key_value_store import MemoryStore

LEAST = 500


class CountingStore(MemoryStore):
    """A store that counts the blocks that are read and written."""

    spills = True

    def __init__(self) -> None:
        super().__init__()
        self.read = self.written = 0

    def get_all(self, keys: Sequence[bytes]) -> list[bytes]:
        """Return values; count them."""
        self.read += len(keys)
        return super().get_all(keys)

    def put(self, key: bytes, value: bytes) -> None:
        """Set a value; count it if it is a block."""
        self.written += key.startswith(b"b")
        super().put(key, value)


@pytest.fixture
def table() -> Iterator[RowTable]:
    with patch.object(RowTable, "MIN_ROWS", LEAST):
        yield RowTable(CountingStore(), 1)


def _store(table: RowTable) -> CountingStore:
    store = table._blocks._store
    assert isinstance(store, CountingStore)
    return store


def _add(table: RowTable, numbers: Sequence[int]) -> None:
    ids, key = [f"r-{number}" for number in numbers], ModelVersion("m", "1")
    assert (table.find(ids) == NOTHING).all()
    keys = np.full(len(ids), None, object)
    keys[:] = [key] * len(ids)
    table.rows.add(ids, state=WAITING, number=np.array(numbers), key=keys, target="yes", scope=None)


def test_no_more_rows_are_in_memory_than_fit_and_new_ids_read_nothing(table: RowTable) -> None:
    for start in range(0, 5000, 100):
        _add(table, range(start, start + 100))
        table.save()
        assert len(table.rows.by_id) <= LEAST
    assert _store(table).read == 0
    assert _store(table).written == 50 * -(-100 // SIZE)


def test_an_id_that_left_memory_is_read_with_the_others_of_its_block(table: RowTable) -> None:
    for start in range(0, 3200, 320):
        _add(table, range(start, start + 320))
        table.save()
    rows = table.find([f"r-{number}" for number in (5, 6, 7, 700, 9999)])
    assert table.rows["number"][rows[:4]].tolist() == [5, 6, 7, 700]
    assert (rows[4], _store(table).read) == (NOTHING, 2)
    assert table.find_one("r-9999") == NOTHING


@pytest.mark.parametrize("read", [0, 1 << 30], ids=["hashes", "rows"])
def test_after_a_restart_every_row_is_found(table: RowTable, read: int) -> None:
    _add(table, range(2000))
    table.save()
    table.rows.remove(table.find([f"r-{number}" for number in range(0, 2000, 2)]))
    table.save()
    with patch.multiple(RowTable, MAX_READ=read, MIN_ROWS=max(read, LEAST)):
        again = RowTable(_store(table), 1)
        again.resume()
        assert len(again.rows.by_id) == (1000 if read else 0)
        numbers = again.rows["number"][again.find([f"r-{number}" for number in range(1, 2000, 2)])]
    assert numbers.tolist() == list(range(1, 2000, 2))
    assert (again.find([f"r-{number}" for number in range(0, 2000, 2)]) == NOTHING).all()


def test_what_is_written_is_at_most_twice_the_rows_and_what_is_kept_twice_their_number(table: RowTable) -> None:
    dice, waiting, added = random.Random(3), list[int](), 0
    for start in range(0, 64_000, 640):
        _add(table, range(start, start + 640))
        waiting += range(start, start + 640)
        added += 640
        dice.shuffle(waiting)
        gone, waiting = waiting[6400:], waiting[:6400]
        table.rows.remove(table.find([f"r-{number}" for number in gone]))
        table.save()
    blocks = len(_store(table).scan(b"b", b"c", 1 << 30))
    assert blocks * SIZE <= 2.1 * len(waiting) + 64 * SIZE
    assert _store(table).written * SIZE <= 2.1 * added
    found = table.find([f"r-{number}" for number in sorted(waiting)])
    assert table.rows["number"][found].tolist() == sorted(waiting)
