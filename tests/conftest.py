"""Fixtures for every test that needs a Kafka, and the rule that a strict run skips none of them."""

from __future__ import annotations

import importlib.util
import os
import uuid
from collections.abc import Generator, Iterator
from typing import Any, Protocol

import pytest

from tests.brokers import Broker, EmbeddedAdapter, find_kafka
from tests.examples import register_profiles
from tests.jars import NoKafka

register_profiles()

MUST_RUN = {"kafka", "prometheus", "browser"}
"""The marks of the tests that need more than Python."""

BROKERS = ("any_broker", "kafka_broker", "embedded_broker")
"""The fixtures that are brokers, the one that asks for another first."""


def is_strict() -> bool:
    """Return True if a test that needs more than Python must run rather than be skipped."""
    return os.environ.get("STREAM_MONITOR_REQUIRE_KAFKA") == "1"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "kafka_broker" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.kafka)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give tests to the workers of pytest-xdist one by one; a file at a time where its tests share slow fixtures.

    Not by ``--dist=loadgroup``, which does nothing with pytest 9.2 (pytest-xdist issue 1386).
    """
    from xdist.scheduler import LoadScopeScheduling

    class OneByOneOrFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            is_slow = nodeid.startswith(("tests/integration/", "tests/e2e/"))
            return nodeid.partition("::")[0] if is_slow else nodeid

    return OneByOneOrFile(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn the skip of a test that must run into a failure."""
    report = yield
    marks = sorted(MUST_RUN.intersection(mark.name for mark in item.iter_markers()))
    if report.skipped and is_strict() and marks and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} is marked {', '.join(marks)} and must run here. {reason}"
    return report


@pytest.fixture(scope="session")
def kafka_broker() -> Iterator[Broker]:
    """A real Apache Kafka, one for the whole run."""
    try:
        broker = find_kafka()
    except NoKafka as none:
        pytest.skip(str(none))
    with broker:
        yield broker


@pytest.fixture(scope="session")
def embedded_broker() -> Iterator[Broker]:
    """The demo's embedded broker, one for the whole run."""
    if not importlib.util.find_spec("confluent_kafka"):
        pytest.skip("the embedded broker needs confluent-kafka: pip install 'stream-monitor[demo]'")
    with EmbeddedAdapter() as broker:
        yield broker


@pytest.fixture(scope="session", params=[pytest.param("kafka", marks=pytest.mark.kafka), "embedded"])
def any_broker(request: pytest.FixtureRequest) -> Broker:
    """The real one and the embedded one in turn: what a test asserts must hold for both."""
    broker: Broker = request.getfixturevalue(f"{request.param}_broker")
    return broker


class MakeTopic(Protocol):
    """Create a topic and return its name, which starts with the hint and is unique."""

    def __call__(self, name_hint: str, partitions: int = 1) -> str: ...


@pytest.fixture
def topic(request: pytest.FixtureRequest) -> MakeTopic:
    """A factory of topics on the broker that the test asks for, be it ``kafka_broker`` or another."""
    named = [name for name in BROKERS if name in request.fixturenames]
    if not named:
        pytest.fail(f"a test with `topic` names one of {', '.join(BROKERS)}", pytrace=False)
    broker: Broker = request.getfixturevalue(named[0])

    def make(name_hint: str, partitions: int = 1) -> str:
        name = f"{name_hint}-{uuid.uuid4().hex[:8]}"
        broker.create_topic(name, partitions)
        return name

    return make
