"""A sidecar that is killed and restarted on the same state, and is compared with one that never was.

Everything is compared: the state and the key-value store in the checkpoint after a clean stop, the drifts in the log,
and every counter of ``/metrics``. The exceptions are listed below.
"""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson

from stream_monitor.state.checkpoint import Checkpoint
from tests.integration.chaos_log import SLOWLY
from tests.integration.sidecar import Scrape, Sidecar
from tests.states import content, state_json

#: The share of kills that come before the process has read anything; all others while it reads.
EARLY = 0.2
#: Records a second that a life is taken to read before any has been seen, and seconds that it reads at most.
GUESS, MAX_DELAY = 4000, 10.0
#: Metrics of the process, which do not depend on the records.
OF_THE_PROCESS = ("build_info", "consumer_lag_records", "loop_age_seconds", "render_failures_total")
#: Harmless log message of kafka-python when it is closed while it reads.
CLOSING = "Error receiving network data closing socket"
#: Parts of the state that differ between runs.
OF_THE_RUN = {"owner"}


@dataclass
class Ending:
    """The result of a run, uninterrupted or over several lives."""

    state: Any
    table: dict[bytes, bytes]
    drifts: dict[str, dict[str, Any]]
    requests: dict[str, dict[str, Any]]
    scrape: Scrape

    def counters(self) -> dict[tuple[Any, ...], float]:
        """Return every value of ``/metrics`` that depends on the records alone."""
        return _values(self.scrape)


@dataclass
class Lives:
    """A sidecar with these arguments; each life is one process."""

    arguments: Sequence[str]
    state_dir: Path
    total: int
    #: Python that each process runs before anything else.
    first: str = ""
    kills: int = 0
    #: How many records were saved when a life began.
    progress: list[int] = field(default_factory=list)
    drifts: dict[str, dict[str, Any]] = field(default_factory=dict)
    #: The retrain requests in the log, by id.
    requests: dict[str, dict[str, Any]] = field(default_factory=dict)
    repeated: int = 0
    #: Where each life began to read, and how long it read.
    _reading: list[tuple[int, float]] = field(default_factory=list)
    _last: dict[tuple[Any, ...], float] = field(default_factory=dict)

    def live(self, share: float, early: bool, look: bool) -> None:
        """Run until about this share of the remaining records is read, then kill.

        ``early``: so many seconds after it serves, before it reads. ``look``: the kill comes right after a scrape.
        """
        with self.born(*SLOWLY) as sidecar:
            delay, at = share, self.progress[-1]
            if not early:
                sidecar.wait_for_records(min(at + 1, self.total), every=0.01)
                delay = min(share * (self.total - at) / self._pace(), MAX_DELAY)
                self._reading.append((at, delay))
            time.sleep(delay)
            if look:
                self.check(sidecar.scrape())
            sidecar.kill()
            self._died(sidecar)

    def _pace(self) -> float:
        """Return the records read per second, as measured so far."""
        begins = [at for at, _ in self._reading]
        read = sum(end - begin for begin, end in pairwise([*begins, self.progress[-1]]))
        return (GUESS + read) / (1 + sum(delay for _, delay in self._reading))

    def live_until(self, failpoint: str) -> None:
        """Run until the process kills itself at the fail point ``point:n``."""
        with self.born(*SLOWLY, environment={"STREAM_MONITOR_FAILPOINT": failpoint}) as sidecar:
            assert sidecar.ended() == -signal.SIGKILL, f"{failpoint} was not reached:\n{sidecar.log}"
            self._died(sidecar)

    def fail(self, spoil: Callable[[], None] | None = None, first: str = "") -> tuple[int, str]:
        """Run until the process ends by itself; return its exit code and its only line outside the log.

        ``spoil`` is called when it has come up and reads; without it, it doesn't come up.
        """
        sidecar = self.born(*SLOWLY, first=first)
        sidecar.start()
        try:
            if spoil:
                sidecar.come_up()
                spoil()
            code = sidecar.ended()
            said = self._hear(sidecar)
        finally:
            sidecar.kill()
        assert len(said) == 1, f"not in one line:\n{sidecar.log}"
        return code, said[0]

    def finish(self, *extra: str, seconds: float = 60) -> Ending:
        """Run to the end of the log and stop cleanly; return the result."""
        with self.born(*extra) as sidecar:
            scrape = sidecar.wait_for_records(self.total, seconds)
            self.check(scrape)
            sidecar.stop()
            assert self._hear(sidecar) == []
        assert scrape("records_total") == self.total
        state, table = read_state(self.state_dir)
        return Ending(state, table, self.drifts, self.requests, scrape)

    def check(self, scrape: Scrape) -> None:
        """Assert that no counter was higher before."""
        values = {key: value for key, value in _values(scrape).items() if _is_counter(key[0])}
        fallen = {key: (was, values.get(key)) for key, was in self._last.items() if values.get(key, -1) < was}
        assert not fallen, f"counters have fallen in life {self.kills + 1}: {fallen}"
        self._last = values

    def forget_counters(self) -> None:
        """Allow counters to be lower than before: the state is an earlier one."""
        self._last = {}

    def born(self, *extra: str, environment: Mapping[str, str] | None = None, first: str = "") -> Sidecar:
        """Return another process, not started yet."""
        arguments = (*self.arguments, "--state-dir", str(self.state_dir), *extra)
        return _Life(self, *arguments, environment=environment, first=first or self.first)

    def _died(self, sidecar: Sidecar) -> None:
        self.kills += 1
        assert self._hear(sidecar) == []

    def _hear(self, sidecar: Sidecar) -> list[str]:
        """Collect the drifts; return the lines on standard error that are not of the log."""
        others = []
        for line in sidecar.lines:
            if not line.startswith("{"):
                others.append(line)
                continue
            said = orjson.loads(line)
            assert said["level"] != "error" or CLOSING in said["message"], line
            if said.get("event") == "drift":
                identity, drift = _drift(said)
                assert self.drifts.get(identity, drift) == drift, "one id for two drifts"
                self.repeated += identity in self.drifts
                self.drifts[identity] = drift
            if said.get("event") == "retrain_request":
                identity, request = _drift(said)
                assert self.requests.setdefault(identity, request) == request, "one id for two requests"
        return others


class _Life(Sidecar):
    """A process whose counters are checked as soon as it serves: they may not be lower than the last ones."""

    def __init__(
        self, lives: Lives, *arguments: str, environment: Mapping[str, str] | None = None, first: str = ""
    ) -> None:
        super().__init__(*arguments, environment=environment, first=first)
        self._lives = lives

    def come_up(self) -> None:
        if self._environment:
            return  # it may end at any time
        super().come_up()
        scrape = self.scrape()
        self._lives.check(scrape)
        self._lives.progress.append(int(scrape("records_total")))


def kill_at_random(lives: Lives, kills: int, seed: int) -> None:
    """Kill the sidecar this many times, at moments spread over the log."""
    dice = random.Random(seed)
    for left in range(kills, 0, -1):
        early, look = dice.random() < EARLY, dice.random() < 0.5
        share = dice.uniform(0, 0.3) if early else dice.uniform(0, 2) / (left * (1 - EARLY) + 1)
        lives.live(share, early, look)


def read_state(directory: Path) -> tuple[Any, dict[bytes, bytes]]:
    """Return the state and the key-value store of a checkpoint."""
    checkpoint = Checkpoint(directory)
    try:
        state = checkpoint.load()
        assert state
        table = content(checkpoint.store)
        state["applied"].sort()  # partitions, in any order
        return state, table
    finally:
        checkpoint.close()


def assert_same(ending: Ending, reference: Ending) -> None:
    """Assert that saved state, logged drifts and counters are equal, bit for bit."""
    assert ending.drifts == reference.drifts
    assert ending.requests == reference.requests
    assert ending.counters() == reference.counters()
    assert sorted(ending.table) == sorted(reference.table)
    assert ending.table == reference.table
    for part in reference.state.keys() - OF_THE_RUN:
        assert state_json(ending.state[part]) == state_json(reference.state[part]), part
    assert ending.state.keys() == reference.state.keys()


def _values(scrape: Scrape) -> dict[tuple[Any, ...], float]:
    """Return the values that depend on the records alone, by name and labels, without NaN."""
    values = {}
    for sample in scrape.samples:
        name = sample.name.removeprefix("stream_monitor_")
        if name != sample.name and name not in OF_THE_PROCESS and sample.value == sample.value:
            values[(name, *sorted(sample.labels.items()))] = sample.value
    return values


def _is_counter(name: str) -> bool:
    return name.endswith(("_total", "_count", "_sum", "_bucket"))


def _drift(said: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the id of a drift, or of a retrain request, and its logged fields, without the wall-clock time."""
    what = {name: value for name, value in said.items() if name not in ("time", "message", "level", "event")}
    return what["id"], what
