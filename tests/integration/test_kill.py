"""A sidecar killed at any moment ends with the state, drifts and counters of one never killed, bit for bit.

More than 50 kills in the suite; ``make chaos`` asks for 500 through ``STREAM_MONITOR_KILLS``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.integration.conftest import Begin
from tests.integration.lives import Ending, Lives, assert_same, kill_at_random
from tests.integration.sidecar import ENDS

KILLS = int(os.environ.get("STREAM_MONITOR_KILLS", "60"))
#: Kills in one sequence of lives: more would leave each life next to nothing to read.
KILLS_EACH = 15
KILLS_SPILLING = 5
POINTS = ("applied", "checkpoint.sealed", "checkpoint.written", "committed")
NUMBERS = (1, 2, 10)


def test_the_log_has_everything_in_it(begin: Begin, reference: Ending) -> None:
    """Otherwise the comparisons below would prove little."""
    scrape, drifts = reference.scrape, reference.drifts
    assert len({drift["signal"] for drift in drifts.values()}) >= 3
    assert {drift["version"] for drift in drifts.values()} == {"1", "2"}
    assert len(drifts) < 60, "the log sink would drop some"
    assert [name for name in ENDS if name != "records_handed_over_total" and not scrape(name)] == []
    assert scrape("labels_revised_total") > 0
    assert len(scrape.rejected()) >= 4
    assert sum(scrape.rejected().values()) == begin.log.garbage


def test_a_second_run_is_the_same(begin: Begin, reference: Ending) -> None:
    """Runs are reproducible, in other batches too; otherwise the comparisons below would prove nothing."""
    assert_same(begin("second").finish(), reference)


def test_killed_at_random_moments(begin: Begin, reference: Ending) -> None:
    def run(seed: int) -> Lives:
        lives = begin(f"random-{seed}")
        kill_at_random(lives, KILLS_EACH, seed)
        assert_same(lives.finish(), reference)
        return lives

    runs = in_pairs(run, range(-(-(KILLS - len(POINTS) * len(NUMBERS)) // KILLS_EACH)))
    middle = [saved for lives in runs for saved in lives.progress if 0 < saved < lives.total]
    assert len(middle) >= len(runs) * KILLS_EACH / 2, "most kills have missed the middle"


@pytest.mark.parametrize("number", NUMBERS)
def test_killed_at_every_step_of_a_checkpoint(begin: Begin, reference: Ending, number: int) -> None:
    lives = begin(f"steps-{number}")
    for point in POINTS:
        lives.live_until(f"{point}:{number}")
    assert_same(lives.finish(), reference)


#: Makes the join keep few rows and times in memory, and adds a line to a file when it drops some.
SPILLING = """
import pathlib
from stream_monitor.join.row_table import RowTable
from stream_monitor.join.time_queue import TimeQueue
RowTable.MIN_ROWS, TimeQueue.MAX_NEAR = 100, 50
spill = RowTable._spill
def noted(table, count):
    spill(table, count)
    with pathlib.Path({path!r}).open("a") as file:
        print(count, file=file)
RowTable._spill = noted
"""


def test_killed_while_what_waits_does_not_fit_in_memory(begin: Begin, reference: Ending, tmp_path: Path) -> None:
    spilled = tmp_path / "spilled"
    lives = begin("spilling", "--max-memory", "1")
    lives.first = SPILLING.format(path=str(spilled))
    for number in NUMBERS:
        lives.live_until(f"checkpoint.written:{number}")
    kill_at_random(lives, KILLS_SPILLING, seed=99)
    assert_same(lives.finish(), reference)
    assert len(spilled.read_text().splitlines()) > lives.kills


def in_pairs(run: Callable[[int], Lives], seeds: Sequence[int]) -> list[Lives]:
    """Run the parameters two at a time, one per core."""
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(run, seeds))
