"""Fixtures of the kill tests: one log, sidecars that read it, and the result of an uninterrupted run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.brokers import Broker
from tests.integration.chaos_log import SETTINGS, SLOWLY, ChaosLog, write_log
from tests.integration.lives import Ending, Lives
from tests.integration.sidecar import watch
from tests.jars import NoKafka
from tests.kafka_brokers import JarsBroker


class Begin:
    """Makes sidecars that read the log, each in a group of its own and with a state of its own."""

    def __init__(self, broker: Broker, log: ChaosLog, directories: pytest.TempPathFactory) -> None:
        self._broker, self._directories, self.log = broker, directories, log

    def __call__(self, name: str, *extra: str) -> Lives:
        group = f"{self.log.predictions}-{name}"
        # A successor must not wait for the session of the one that was killed.
        member = ("--group-instance-id", "only")
        arguments = ("--label-topic", self.log.labels, *SETTINGS, *member, *extra)
        command = watch(self._broker, self.log.predictions, *arguments, group=group)
        return Lives(command, self._directories.mktemp(name) / "state", self.log.count)


@pytest.fixture(scope="session")
def begin(kafka_broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Begin:
    return Begin(kafka_broker, write_log(kafka_broker), tmp_path_factory)


@pytest.fixture(scope="session")
def reference(begin: Begin) -> Ending:
    """Return the result of an uninterrupted run."""
    return begin("reference").finish(*SLOWLY)


@pytest.fixture
def mortal_broker() -> Iterator[JarsBroker]:
    """Yield a running broker for one test, which may kill it."""
    try:
        broker = JarsBroker()
    except NoKafka as none:
        pytest.skip(str(none))
    with closing(broker):
        broker.start()
        yield broker
