"""The scenario: what each cause does to the events and to the model's accuracy."""

from __future__ import annotations

import random

import pytest

from stream_monitor.demo.scenario import (
    AFTER,
    BEFORE,
    BIAS,
    INCOME,
    TEXTS,
    WORLD,
    applicant,
    as_received,
    garbage,
    risk,
)
from stream_monitor.demo.service import Service, Version

COUNT = 3_000


def _events(at: int, service: Service) -> list[tuple[dict, str]]:  # type: ignore[type-arg]
    rng = random.Random(at)
    found = []
    for n in range(COUNT):
        one = applicant(rng, at)
        found.append((service.event(rng, at, f"{n}", one.features, one.sex), one.label))
    return found


def _accuracy(events: list[tuple[dict, str]], version: str = "7") -> float:  # type: ignore[type-arg]
    right = [event["prediction"] == label for event, label in events if event["version"] == version]
    return sum(right) / len(right)


def test_the_world_makes_the_first_version_wrong_and_a_trained_one_right() -> None:
    service = Service()
    assert _accuracy(_events(0, service)) > 0.8
    assert _accuracy(_events(WORLD.at, service)) < 0.6
    service.try_out("8", Version(AFTER))
    events = _events(WORLD.at, service)
    assert _accuracy(events, "8") > 0.8
    share = sum(event["version"] == "8" for event, _ in events) / COUNT
    assert share == pytest.approx(0.5, abs=0.03)


def test_a_deployed_version_has_all_traffic() -> None:
    service = Service()
    service.try_out("8", Version(AFTER))
    service.deploy("8")
    assert {event["version"] for event, _ in _events(WORLD.at, service)} == {"8"}
    assert service.canary is None


def test_each_cause_concerns_its_own_events_only() -> None:
    rng, features = random.Random(1), {"age": 40, "income": 50.0}
    assert as_received(rng, 0, features) == features and garbage(rng, 0) is None
    assert as_received(rng, INCOME.at, features)["income"] == 67.5
    texts = [as_received(rng, TEXTS.at, features)["age"] for _ in range(COUNT)]
    assert texts.count("40") / COUNT == pytest.approx(0.1, abs=0.02)
    assert sum(garbage(rng, TEXTS.at) is not None for _ in range(COUNT)) / COUNT == pytest.approx(0.05, abs=0.015)


def test_the_rule_refuses_women_only() -> None:
    def rates(at: int) -> dict[str, float]:
        events = [event for event, _ in _events(at, Service())]
        by_sex = {sex: [e["prediction"] == "repay" for e in events if e["groups"]["sex"] == sex] for sex in "fm"}
        return {sex: sum(found) / len(found) for sex, found in by_sex.items()}

    before, after = rates(0), rates(BIAS.at)
    assert abs(before["f"] - before["m"]) < 0.05
    assert after["m"] - after["f"] > 0.1


def test_the_probability_of_a_default_is_that_of_the_log_odds() -> None:
    average = {"income": 48.0, "debt_ratio": 0.4, "employment_years": 8.4}
    assert risk(average, BEFORE) == 0.5
    assert risk(average, BEFORE, 1e9) > 0.999
