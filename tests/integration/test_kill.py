"""A sidecar killed at any moment ends with the state, drifts and counters of one never killed, bit for bit.

More than 50 kills in the suite; ``make chaos`` asks for 500 through ``STREAM_MONITOR_KILLS``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from stream_monitor.actions.notice import notice_fields, restored
from tests.integration.conftest import Begin
from tests.integration.lives import Ending, Lives, assert_same, kill_at_random
from tests.integration.sidecar import ENDS
from tests.receiver import SECRET, receiving

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
    assert len(drifts) + len(reference.requests) < 60, "the log sink would drop some"
    asked = {reason["policy"] for request in reference.requests.values() for reason in request["reasons"]}
    assert asked == {"error=drift", "labels:count=300", "performance:below=0.8"}
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


def test_killed_while_webhooks_fail(begin: Begin, reference: Ending, tmp_path: Path) -> None:
    """Every notice and request arrives, under the same id and with the same content, however often it comes."""
    secret = tmp_path / "secret"
    secret.write_text(SECRET)
    with receiving() as receiver:
        receiver.statuses = [500, 204, 204, 500, 204]
        lives = begin("webhooks", "--webhook", receiver.url, "--webhook-secret", f"@file:{secret}")
        for point in POINTS:
            lives.live_until(f"{point}:3")
        kill_at_random(lives, KILLS_SPILLING, seed=7)
        ending = lives.finish()
        wanted = ending.drifts.keys() | ending.requests.keys()
        queue = ending.state["outbox"]["webhook"]
        told: dict[str, dict[str, Any]] = {}
        for event in receiver.accepted:
            assert told.setdefault(event["id"], event) == event, "one id for two events"
        assert told.keys() | {values["id"] for values in map(_fields, queue["pending"])} == wanted
    assert (ending.drifts, ending.requests) == (reference.drifts, reference.requests)
    assert len({event["type"] for event in told.values()}) == 2


def _fields(saved_notice: list[Any]) -> dict[str, Any]:
    return notice_fields(restored(saved_notice))


def in_pairs(run: Callable[[int], Lives], seeds: Sequence[int]) -> list[Lives]:
    """Run the parameters two at a time, one per core."""
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(run, seeds))
