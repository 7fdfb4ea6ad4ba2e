"""The features of a model version that are followed."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from stream_monitor.core.events import ModelVersion
from stream_monitor.core.feature_table import FeatureTable
from stream_monitor.core.records import Record
from stream_monitor.detectors.spec import DEFAULT_SPECS
from stream_monitor.drift.budget import Budget
from stream_monitor.monitors.admission import MAX_NAME_LENGTH
from stream_monitor.monitors.followed_features import FollowedFeatures
from stream_monitor.monitors.joined_blocks import OneByOne
from stream_monitor.monitors.rate import PredictionRate
from stream_monitor.monitors.settings import MonitorSettings
from stream_monitor.monitors.signal_set import SignalSet
from stream_monitor.profiles.profiler import Profiler

KEY = ModelVersion("m", "1")


class Followed(FollowedFeatures):
    """Followed features that record evictions."""

    def __init__(self, **settings: Any) -> None:
        self.gone: list[tuple[str, str]] = []
        options = MonitorSettings(**settings)
        super().__init__(SignalSet(KEY, options), PredictionRate(KEY, options), lambda *what: self.gone.append(what))

    def take(self, *rows: dict[str, Any], start: int = 0) -> list[int]:
        """Admit and update until all are taken; return the sizes of the batches."""
        table, sizes = FeatureTable.of(rows), list[int]()
        while len(table):
            begin = start + sum(sizes)
            count = self.admit(table, begin)
            index, ts = np.arange(begin, begin + count), np.full(count, np.nan)
            OneByOne().update(self.update(table.take(slice(count)), index, ts)[1])
            sizes.append(count)
            table = table.take(slice(count, None))
        return sizes


def test_a_batch_ends_before_the_next_new_feature() -> None:
    followed = Followed(warmup=0)
    assert followed.take({"a": 1}, {"a": 2}, {}, {"a": 1, "b": 1}, {"b": 2}, {"c": 1}) == [3, 2, 1]
    assert list(followed.monitors) == ["a", "b", "c"]
    assert followed.monitors["a"].counts.numeric == 3


def test_a_new_feature_takes_part_in_the_budget_with_the_next_warm_up() -> None:
    """Between, it does not end a batch; its own detectors are still in their warm-up."""
    followed = Followed(warmup=4)
    assert followed.take({"a": 1}, {"a": 2}, {"b": 1}, {}, {}) == [4, 1]
    first, second = (followed._signals.by_name[f"missing:{name}"].detectors.runners["glr"] for name in "ab")
    assert first.run_length == second.run_length
    assert first.run_length == pytest.approx(Budget(DEFAULT_SPECS, 1e6).run_length("missing:a", "ab"))
    assert followed.take({"c": 1, "a": 1}, {}, {}, {}, start=5) == [3, 1]
    assert first.run_length == pytest.approx(Budget(DEFAULT_SPECS, 1e6).run_length("missing:a", "abc"))


def test_a_feature_counts_from_the_prediction_that_brings_it_first() -> None:
    rows: list[dict[str, Any]] = [{"a": 1}, {}, {"a": 1, "b": "x"}, {"c": 1, "b": "y"}, {"a": 1, "d": [1]}]
    whole, alone = Followed(warmup=6), Followed(warmup=6)
    assert whole.take(*rows) == [5]
    assert [alone.take(row, start=at) for at, row in enumerate(rows)] == [[1]] * 5
    assert json.dumps(whole._content(), default=list) == json.dumps(alone._content(), default=list)
    assert (whole.monitors["b"].counts.missing, whole.monitors["b"].counts.text) == (1, 2)


def test_a_name_that_is_too_long_is_no_feature() -> None:
    followed = Followed()
    longest = "x" * MAX_NAME_LENGTH
    assert followed.take({longest: 1, longest + "x": 1}, {longest + "x": 1}) == [2]
    assert list(followed.monitors) == [longest]
    assert followed.ignored == 0


def test_a_feature_that_was_evicted_is_new_in_the_same_batch() -> None:
    followed = Followed(max_features=1)
    followed.take({"a": 1})
    assert followed.take({"b": 1}, {"a": 1}, {"a": 1}, {"b": 1}, start=1) == [1, 2, 1]
    assert list(followed.monitors) == ["b"]
    assert [name for _, name in followed.gone] == ["m/1/a", "m/1/b", "m/1/a"]


def test_the_feature_seen_longest_ago_is_evicted_by_its_full_name() -> None:
    followed = Followed(max_features=2)
    followed.take({"a": 1, "b": 1}, {"a": 1}, {"c": 1})
    assert list(followed.monitors) == ["a", "c"]
    assert followed.gone == [("feature", "m/1/b")]


def test_a_feature_of_the_same_record_is_not_evicted() -> None:
    followed = Followed(max_features=2)
    followed.take({"a": 1, "b": 1}, {"b": 1}, {"a": 1, "c": 1})
    assert list(followed.monitors) == ["a", "c"]


def test_a_record_over_the_bound_fills_free_room_and_evicts_nothing() -> None:
    followed = Followed(max_features=3)
    followed.take({"a": 1}, dict.fromkeys("bcde", 1), dict.fromkeys("fghi", 1))
    assert list(followed.monitors) == ["a", "b", "c"]
    assert (followed.ignored, followed.gone) == (2 + 4, [])


def test_the_signals_of_an_evicted_feature_go_with_it() -> None:
    followed = Followed(max_features=1)
    followed.take(*[{"a": float(at)} for at in range(9)], {"b": 1.0})
    assert set(followed._signals.by_name) == {"missing:b", "feature:b", "spread:b"}


def test_a_warm_start_is_used_once_and_only_for_the_same_feature() -> None:
    old, new = Followed(warmup=4), Followed(warmup=4)
    old.take(*[{"a": "x", "b": 1.0}] * 9)
    new.warm_start(old)
    new.take({"a": None, "c": 1.0})
    assert (new.monitors["a"].counts.type, new.monitors["c"].counts.type) == ("categorical", None)
    assert list(new.state()["warm_starts"]) == ["b"]
    assert new.monitors["a"].counts.text == 0


@pytest.mark.parametrize(("names", "told"), [(("age",), False), (("agee",), True)])
def test_first_features_that_are_not_the_profiles_are_warned_of(
    names: tuple[str, ...], told: bool, caplog: pytest.LogCaptureFixture
) -> None:
    profiler = Profiler({}, {})
    profiler.add([Record("x", at, {"age": at % 7}) for at in range(100)])
    followed = Followed(profile=profiler.profile(["x"], ""))
    rows = [dict.fromkeys(names, 1.0)] * 3
    followed.take(*rows, {"later": 1.0})
    found = [one for one in caplog.messages if "its features are not those of the data" in one]
    assert len(found) == told
    assert all(one.startswith("m/1: --profile: ") and "'agee'" in one for one in found)
