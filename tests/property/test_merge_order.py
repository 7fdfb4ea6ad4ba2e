"""The merge of a finished log has one order, however it is fetched."""

from __future__ import annotations

from operator import itemgetter

from hypothesis import given, settings
from hypothesis import strategies as st

from stream_monitor.core.batch import RecordBatch
from stream_monitor.core.records import TopicPartition
from stream_monitor.sources.base import AppliedOffset
from stream_monitor.sources.merge import TimeMerge
from stream_monitor.testing import FakeClock
from tests.stamped import Stamped

Log = dict[TopicPartition, list[Stamped]]


@st.composite
def logs(draw: st.DrawFn) -> Log:
    """Draw up to five partitions, with times that mostly rise or are missing, and gaps in offsets."""
    found: Log = {}
    for tp in draw(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 2)), max_size=5, unique=True)):
        offset, time = 0, 0
        found[tp] = []
        for gap, step in draw(st.lists(st.tuples(st.integers(1, 3), st.integers(-4, 9)), max_size=30)):
            offset, time = offset + gap, time + step
            found[tp].append(Stamped(*tp, offset, None if step == 9 else max(time, 0)))
    return found


def naive(log: Log, start: dict[TopicPartition, int]) -> list[Stamped]:
    """Return all records, sorted at once."""
    keyed = []
    for tp, records in log.items():
        latest = start.get(tp, -1)
        for record in records:
            latest = max(latest, -1 if record.timestamp is None else record.timestamp)
            keyed.append((latest, *tp, record.offset, record))
    return [record for *_, record in sorted(keyed, key=itemgetter(0, 1, 2, 3))]


class Reader:
    """Fetches in pieces of any size from any partition, and pauses any of them."""

    def __init__(self, log: Log, data: st.DataObject, applied: dict[TopicPartition, AppliedOffset]) -> None:
        self.merge = TimeMerge(FakeClock())
        self._log, self._data = log, data
        self._fetched: dict[TopicPartition, int] = {}
        self.applied = dict(applied)
        for tp, records in log.items():
            _, _, offset, time = self.applied.get(tp, AppliedOffset(*tp, 0))
            self.merge.follow(tp, offset, time)
            self._fetched[tp] = sum(record.offset < offset for record in records)
            if self._data.draw(st.booleans()):  # where the log ends may be known before the first fetch
                self.merge[tp].update_position(self._fetched[tp], len(records))

    def step(self) -> list[Stamped]:
        """Fetch some records, and take all that can be taken."""
        for tp in self._data.draw(st.lists(st.sampled_from(sorted(self._log)), min_size=1, unique=True)):
            count = self._data.draw(st.integers(0, 12))
            at, records = self._fetched[tp], self._log[tp]
            if records[at : at + count]:
                self.merge[tp].add(RecordBatch.of(records[at : at + count]))
            self._fetched[tp] = min(at + count, len(records))
            self.merge[tp].update_position(self._fetched[tp], len(records))
        taken = self.merge.take(self._data.draw(st.integers(1, 9)))
        self.applied.update({(each.topic, each.partition): each for each in taken.offsets})
        return [Stamped(it.topic, it.partition, it.offset, it.timestamp) for it in taken.records]


@settings(deadline=None)
@given(logs(), st.data())
def test_the_order_is_that_of_a_sort_of_the_whole(log: Log, data: st.DataObject) -> None:
    expected = naive(log, {})
    given_out: list[Stamped] = []
    reader = Reader(log, data, {})
    while len(given_out) < len(expected):
        given_out += reader.step()
        assert given_out == expected[: len(given_out)]
        for tp in log:
            if reader.merge[tp].offset:
                mine = [each for each in given_out if each[:2] == tp]
                assert reader.merge[tp].offset == mine[-1].offset + 1
        if data.draw(st.integers(0, 9)) == 9:  # a restart goes on from how far each had come
            reader = Reader(log, data, reader.applied)
    assert given_out == expected
