"""Of series that grow only new values are written, and all newest ones come back."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_monitor.core.arrays import Floats
from stream_monitor.core.newest import Newest
from stream_monitor.state.key_value_store import MemoryStore
from stream_monitor.state.series_log import SeriesLog
from tests.examples import examples

KEEP = 7
VALUES = st.lists(st.sampled_from([0.0, 1.0, 255.0, -0.0, 256.0, 0.5, -3.0, 1e300]), max_size=9).map(np.array)


@dataclass
class Series:
    values: Floats = field(default_factory=lambda: np.empty(0))
    count: int = 0
    token: object = field(default_factory=object)

    def add(self, values: Floats) -> None:
        self.values = np.concatenate((self.values, values))[-KEEP:]
        self.count += len(values)

    def newest(self) -> Newest:
        return Newest(self.token, self.count, self.values)


def ends(found: list[Newest], series: list[Series]) -> list[tuple[int, bytes]]:
    """Return the counts and the last values of what was found, as many as the series have."""
    pairs = zip(found, series, strict=True)
    return [(each.count, each.values[len(each.values) - len(one.values) :].tobytes()) for each, one in pairs]


@given(st.data())
@settings(max_examples=examples(200), deadline=None)
def test_what_was_saved_is_loaded(data: st.DataObject) -> None:
    store = MemoryStore()
    log, series = SeriesLog(store, b"v"), list[Series]()
    for _ in range(data.draw(st.integers(1, 8))):
        step = data.draw(st.sampled_from(["grow", "grow", "grow", "new", "drop", "replace", "swap", "restart"]))
        if step == "new":
            series.append(Series())
        elif step == "drop" and series:
            series.pop(0)
        elif step == "replace" and series:
            # Another series with as many values.
            series[0] = Series(series[0].values + 1.0, series[0].count)
        elif step == "swap":
            series.reverse()
        elif step == "restart":
            log = SeriesLog(store, b"v")
            log.load()
        for each in series:
            each.add(data.draw(VALUES))
        log.save([each.newest() for each in series])
        found = SeriesLog(store, b"v").load()
        assert ends(found, series) == [(each.count, each.values.tobytes()) for each in series]
        assert sum(len(each.values) for each in found) <= 2 * max(sum(len(each.values) for each in series), 1)
    log.save([])
    assert store.scan(b"", b"\xff", 10) == []


def test_few_new_values_are_a_small_record_and_none_are_none() -> None:
    store = MemoryStore()
    log, series = SeriesLog(store, b"v"), Series()
    sizes = []
    for count in (KEEP, 1, 0, 1):
        series.add(np.full(count, 0.5))
        log.save([series.newest()])
        sizes.append([len(value) for _, value in store.scan(b"v", b"w", 10)])
    whole, small = 4 + 13 + 8 * KEEP, 4 + 13 + 8
    assert sizes == [[whole], [whole, small], [whole, small], [whole, small, small]]
