"""Topics of labels and of predictions have to have the same number of partitions, now and later."""

from __future__ import annotations

import pytest

from stream_monitor.core.errors import ConfigError
from stream_monitor.sources.kafka.topics import CHECK_INTERVAL, Topics
from stream_monitor.testing import FakeClock


class Cluster(dict[str, int]):
    """A fake cluster: the number of partitions of each topic."""

    def count(self, topic: str) -> int:
        return self.get(topic, 0)


def topics(names: str = "pl", labels: str = "l", unaligned: bool = False) -> tuple[Topics, FakeClock]:
    clock = FakeClock()
    return Topics(list(names), list(labels), unaligned, clock), clock


@pytest.mark.parametrize(
    ("labels", "counts"),
    [
        ("l", {"p": 3, "l": 3}),
        ("l", {"p": 3}),
        ("l", {"l": 3}),
        ("l", {}),
        ("", {"p": 3, "l": 4}),  # two topics with predictions and labels in each
    ],
)
def test_these_go_together(labels: str, counts: dict[str, int]) -> None:
    topics(labels=labels)[0].check(Cluster(counts).count)


@pytest.mark.parametrize("counts", [{"p": 3, "l": 4}, {"p": 3, "q": 4, "l": 4}, {"p": 1, "l": 2}])
def test_these_do_not(counts: dict[str, int]) -> None:
    names = "".join(counts)
    with pytest.raises(ConfigError, match=f"p has {counts['p']}.* l has {counts['l']}.*--allow-unaligned-labels"):
        topics(names)[0].check(Cluster(counts).count)
    topics(names, unaligned=True)[0].check(Cluster(counts).count)


def test_what_is_missing_is_said_now_and_then(caplog: pytest.LogCaptureFixture) -> None:
    watched, clock = topics()
    for _ in range(int(2.5 * CHECK_INTERVAL)):
        watched.look(Cluster(p=3).count)
        clock.advance(1)
    assert [record.getMessage() for record in caplog.records] == ["waiting for topics that do not exist yet: l"] * 3


def test_one_that_comes_is_checked_at_once() -> None:
    watched, clock = topics()
    watched.check(Cluster(p=3).count)
    watched.look(Cluster(p=3).count)
    clock.advance(CHECK_INTERVAL)
    with pytest.raises(ConfigError, match="p has 3, l has 2"):
        watched.look(Cluster(p=3, l=2).count)


def test_one_that_grows_gives_the_other_time_to_grow() -> None:
    watched, clock = topics()
    watched.check(Cluster(p=3, l=3).count)
    for counts in ({"p": 6, "l": 3}, {"p": 6, "l": 6}, {"p": 9, "l": 6}):
        watched.look(Cluster(counts).count)
        clock.advance(CHECK_INTERVAL)
    with pytest.raises(ConfigError, match="p has 9, l has 6"):
        watched.look(Cluster(p=9, l=6).count)
