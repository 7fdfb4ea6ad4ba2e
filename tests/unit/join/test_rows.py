"""Rows in memory: numbers of rows that are freed, and memory that is."""

from __future__ import annotations

import numpy as np

from stream_monitor.join.rows import NOTHING, WAITING, Rows


def _filled(count: int) -> Rows:
    rows = Rows()
    rows.add([f"r-{at}" for at in range(count)], state=WAITING, number=np.arange(count), target="yes")
    return rows


def test_rows_that_stay_are_the_same_after_the_memory_of_others_is_freed() -> None:
    rows = _filled(10_000)
    rows.drop(rows.find([f"r-{at}" for at in range(10_000) if at % 50]))
    before = len(rows["state"])
    rows.shrink()
    assert len(rows["state"]) < before / 4
    kept = [f"r-{at}" for at in range(0, 10_000, 50)]
    assert list(rows.by_id) == kept
    assert rows["number"][rows.find(kept)].tolist() == list(range(0, 10_000, 50))
    assert rows["identity"][rows.find(kept)].tolist() == kept
    assert rows.add(["new"], state=WAITING, number=7).tolist() not in rows.find(kept).tolist()
    assert (rows["number"][rows.find(["new"])].tolist(), rows["state"][NOTHING]) == ([7], 0)


def test_a_row_that_is_freed_is_used_again_and_keeps_nothing_of_the_one_before() -> None:
    rows = _filled(10)
    rows["position"][rows.find(["r-3", "r-4"])] = (70, 71)
    rows.take_changes()
    row = rows.by_id["r-3"]
    rows.remove_one("r-3")
    rows.remove(rows.find(["r-4", "r-5"]))
    assert (rows.void, rows.changed) == ({70, 71}, 2)
    assert rows.find(["r-3", "r-4", "r-5", "r-6"]).tolist()[:3] == [NOTHING] * 3
    assert rows.get(row, ("state", "position", "target", "identity")) == [0, NOTHING, None, None]
    assert {rows.add_one(f"new {at}") for at in range(3)} >= {row}
    assert [changed.tolist() for changed in rows.take_changes()][1] == [70, 71]
