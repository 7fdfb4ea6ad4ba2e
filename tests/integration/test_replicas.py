"""Three replicas on six partitions of two topics join, leave and are killed under load: nothing is lost.

These statements hold for the sums over all replicas, each of which restarts with its own state:

* Nothing is ever missing: every prediction, label and outcome is counted by one of them.
* A replica that leaves on SIGTERM, or is killed at any point but one, doubles nothing: what it had applied and not
  saved is gone with it, and is read again by whoever gets its partitions.
* The one point is between its state on disk and its commit at Kafka. What that one checkpoint saved is counted by
  it, when it comes back, and by whoever went on from the last commit: doubled, once, and no more than that.
* The ledger of each balances at any moment (every scrape checks it).
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.brokers import Broker
from tests.conftest import MakeTopic
from tests.integration.events import correct
from tests.integration.load import Load
from tests.integration.sidecar import WAITING, Scrape, Sidecar, watch

pytestmark = pytest.mark.kafka

PARTITIONS = 6
#: Session timeout, after which a killed member has left the group.
SESSION = ("--kafka-option", "session_timeout_ms=2000", "--kafka-option", "heartbeat_interval_ms=300")
COUNTERS = ("records_total", "predictions_total", "labels_total", "outcomes_total", "outcomes_correct_total")


class Replicas:
    """Sidecars of one group by name, each with its own state directory."""

    def __init__(self, broker: Broker, topics: tuple[str, str], home: Path) -> None:
        predictions, labels = topics
        options = ("--label-topic", labels, "--checkpoint-interval", "200ms", "--restore-window", "7d", *SESSION)
        self._arguments = watch(broker, predictions, *options)
        self._home = home
        self._stack = ExitStack()
        self.running: dict[str, Sidecar] = {}

    def __enter__(self) -> Replicas:
        return self

    def __exit__(self, *failure: object) -> None:
        self._stack.close()

    def start(self, name: str, failpoint: str = "") -> Sidecar:
        """Start a replica, with a fail point if given."""
        environment = {"STREAM_MONITOR_FAILPOINT": failpoint} if failpoint else {}
        sidecar = Sidecar(*self._arguments, "--state-dir", str(self._home / name), environment=environment)
        self.running[name] = self._stack.enter_context(sidecar)
        return sidecar

    def leave(self, name: str) -> None:
        self.running.pop(name).stop()

    def kill(self, name: str) -> None:
        self.running.pop(name).kill()

    def has_partitions(self, *names: str, seconds: float = 40) -> None:
        """Wait until each of these reads something, and together they read all."""
        deadline = time.monotonic() + seconds
        while True:
            owned = {name: self._owned(self.running[name].scrape()) for name in names}
            if all(owned.values()) and sum(map(len, owned.values())) == 2 * PARTITIONS:
                return
            assert time.monotonic() < deadline, f"{owned}\n{self.logs()}"
            time.sleep(0.1)

    def logs(self) -> str:
        return "\n".join(f"--- {name}\n{sidecar.log}" for name, sidecar in self.running.items())

    @staticmethod
    def _owned(scrape: Scrape) -> set[tuple[str, str]]:
        return {(labels["topic"], labels["partition"]) for labels, _ in scrape.series("consumer_lag_records")}

    def total(self, name: str) -> float:
        return sum(sidecar.scrape()(name) for sidecar in self.running.values())

    def wait_for_outcomes(self, count: int, seconds: float = 60) -> dict[str, float]:
        """Return the sums over all running replicas, once they have this many outcomes, are ready, and stable.

        One that still restores is not ready: what it reads again waits until its labels are read again, too.
        """
        deadline = time.monotonic() + seconds
        last: dict[str, float] = {}
        while True:
            sums = {name: self.total(name) for name in (*COUNTERS, *WAITING)}
            is_ready = all(sidecar.is_ready() for sidecar in self.running.values())
            if sums["outcomes_total"] >= count and sums == last and is_ready:
                return sums
            assert time.monotonic() < deadline, f"{count} expected: {sums}\n{self.logs()}"
            last = sums
            time.sleep(1)


@pytest.fixture
def replicas(kafka_broker: Broker, group: tuple[str, str], tmp_path: Path) -> Iterator[Replicas]:
    with Replicas(kafka_broker, group, tmp_path) as replicas:
        yield replicas


@pytest.fixture
def group(topic: MakeTopic) -> tuple[str, str]:
    return topic("shared", PARTITIONS), topic("shared-labels", PARTITIONS)


@pytest.fixture
def load(kafka_broker: Broker, group: tuple[str, str]) -> Load:
    return Load(kafka_broker, *group, partitions=PARTITIONS)


def assert_each_once(sums: dict[str, float], sent: int) -> None:
    """Assert that every pair was counted by exactly one replica."""
    assert sums["predictions_total"] == sums["labels_total"] == sums["outcomes_total"] == sent
    assert sums["outcomes_correct_total"] == correct(range(sent))
    assert sums["records_total"] == 2 * sent
    assert [name for name in WAITING if sums[name]] == []


def assert_little_doubled(sums: dict[str, float], sent: int) -> None:
    """Assert that nothing is missing, and at most the records of two checkpoints are doubled.

    A label read twice may have an outcome twice though its prediction was restored, which counts no second time.
    """
    assert sent <= sums["outcomes_total"] <= sums["labels_total"]
    assert sent <= sums["predictions_total"]
    assert sums["predictions_total"] + sums["labels_total"] == sums["records_total"]
    # Some 100 records come between two checkpoints; on a machine that stumbles, more.
    assert 2 * sent <= sums["records_total"] <= 2 * sent + 2000
    assert [name for name in WAITING if sums[name]] == []


def test_replicas_join_and_leave_and_nothing_is_lost_or_doubled(replicas: Replicas, load: Load) -> None:
    """A replica that left restarts with its state, for its counters."""
    with load:
        for names in ("a", "ab", "abc"):
            replicas.start(names[-1])
            replicas.has_partitions(*names)
            load.wait_for(300)
        for name in "bc":
            replicas.leave(name)
            replicas.has_partitions(*replicas.running)
            load.wait_for(300)
        for name in "bc":
            replicas.start(name)
            load.wait_for(100)
        replicas.has_partitions("a", "b", "c")
    assert_each_once(replicas.wait_for_outcomes(load.sent), load.sent)
    for name in "abc":
        replicas.leave(name)


def test_replicas_are_killed_under_load_and_nothing_is_lost(replicas: Replicas, load: Load) -> None:
    """Some kills happen between state and commit."""
    with load:
        for name in "abc":
            replicas.start(name)
        replicas.has_partitions("a", "b", "c")
        load.wait_for(300)
        kill_and_wait(replicas, "b", "ac", load)
        replicas.start("b")
        replicas.has_partitions("a", "b", "c")
        kill_and_wait(replicas, "c", "ab", load)
        replicas.start("c")
        replicas.has_partitions("a", "b", "c")
        load.wait_for(300)
    assert_little_doubled(replicas.wait_for_outcomes(load.sent), load.sent)


def kill_and_wait(replicas: Replicas, name: str, others: Sequence[str], load: Load) -> None:
    """Kill a replica, and wait until the others have its partitions and read them."""
    replicas.kill(name)
    load.wait_for(300)
    replicas.has_partitions(*others)
    load.wait_for(300)


@pytest.mark.parametrize(
    ("point", "doubles"), [("applied", False), ("checkpoint.sealed", False), ("checkpoint.written", True)]
)
def test_what_a_replica_that_is_killed_may_double(replicas: Replicas, load: Load, point: str, doubles: bool) -> None:
    with load:
        replicas.start("a")
        replicas.start("b", failpoint=f"{point}:20")
        assert replicas.running.pop("b").ended() < 0
        replicas.has_partitions("a")
        load.wait_for(300)
        replicas.start("b")
        replicas.has_partitions("a", "b")
    sums = replicas.wait_for_outcomes(load.sent)
    if doubles:
        assert_little_doubled(sums, load.sent)
        assert sums["records_total"] > 2 * load.sent
    else:
        assert_each_once(sums, load.sent)
