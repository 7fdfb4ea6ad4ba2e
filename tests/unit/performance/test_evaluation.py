"""Evaluation sets do not depend on batches or restarts, and are a sample that no label can bias."""

from __future__ import annotations

import json
import random
from collections import Counter
from typing import Any

import pytest

from stream_monitor.core.event_batch import PredictionBatch
from stream_monitor.core.events import ModelVersion, Outcome, Prediction
from stream_monitor.core.outcome_batch import OutcomeBatch
from stream_monitor.performance import evaluation, evaluation_window
from stream_monitor.performance.evaluation import EvaluationSample, id_hash
from stream_monitor.performance.evaluation_set import EvaluationSet, EvaluationSettings
from stream_monitor.state.key_value_store import MemoryStore

HOUR = 3600.0


class Stream:
    """A stream of predictions, each with its label some predictions later, or none."""

    def __init__(self, count: int, seed: int = 1, rare: float = 0.3) -> None:
        rng = random.Random(seed)
        self.predictions = []
        self.outcomes: list[tuple[int, Outcome]] = []
        for at in range(count):
            key = ModelVersion("churn", rng.choice("12"))
            features = {"age": rng.random(), "country": rng.choice(["DE", "FR", None]), "big": 2**70 if at % 9 else 1}
            ts = at * 20.0 - rng.random() * 60.0 + 1e6 if at % 11 else None
            self.predictions.append(Prediction(f"r-{at}", ts, key, rng.choice("ab"), features, 0.5))
            if rng.random() < 0.8:
                y_true = "b" if rng.random() < rare else "a"
                delay = rng.randrange(1, 500)
                self.outcomes.append((at + delay, Outcome(key, at, ts, self.predictions[at].y_pred, y_true, 5.0)))
        self.outcomes.sort(key=lambda each: each[0])

    def play(self, settings: EvaluationSettings, size: int, restart: int = 0) -> tuple[list[EvaluationSet], Any]:
        """Return the sets, and the sample at the end."""
        store = MemoryStore()
        sample, found = EvaluationSample(settings, store), []
        count = len(self.predictions)
        for step, begin in enumerate(range(0, count, size)):
            end = min(begin + size, count)
            due = [each for each in self.outcomes if begin < each[0] <= end]
            sample.update(
                PredictionBatch.of(range(end - begin), self.predictions[begin:end]),
                begin,
                OutcomeBatch.of([one for _, one in due], [before for before, _ in due]),
            )
            for key in sample.closed():
                found.append(sample.made(key))
                sample.drop(key)
            if restart and step % restart == 0:
                state = json.loads(json.dumps(sample.state()))
                sample = EvaluationSample(settings, store)
                sample.restore(state)
        return found, sample


@pytest.mark.parametrize(("size", "restart"), [(1, 40), (7, 1), (500, 2), (3000, 0)])
@pytest.mark.parametrize("least", [0, 30])
def test_sets_do_not_depend_on_batches_and_restarts(
    size: int, restart: int, least: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluation_window, "MAX_ROWS", 60)
    settings, stream = EvaluationSettings(0.3, HOUR, 2 * HOUR, least), Stream(3000, rare=0.1)
    expected, _ = stream.play(settings, 100)
    found, _ = stream.play(settings, size, restart)
    assert len(expected) > 5 and all(each.rows for each in expected[1:])
    assert found == expected


def test_a_set_has_all_chosen_predictions_that_have_a_label() -> None:
    stream = Stream(3000)
    sets, sample = stream.play(EvaluationSettings(0.2, HOUR, 10 * HOUR), 50)
    first = sets[1]
    labelled = {one.index: one.y_true for _, one in stream.outcomes}
    wanted = {
        one.id: labelled[at]
        for at, one in enumerate(stream.predictions)
        if one.ts is not None and first.start <= one.ts < first.end and id_hash(one.id) < 0.2 and at in labelled
    }
    assert {row.id: row.y_true for row in first.rows} == wanted and len(wanted) > 20
    assert all(row.in_sample and row.sampling_share == 0.2 for row in first.rows)
    assert 0.6 < first.coverage < 1.0
    assert first.rows[0].features.keys() == {"age", "country", "big"}
    assert sample.counts.late == 0


def test_a_rare_class_is_filled_up_from_the_reserve() -> None:
    stream = Stream(3000, rare=0.08)
    sets, _ = stream.play(EvaluationSettings(0.1, 6 * HOUR, 3 * HOUR, min_per_class=20), 50)
    rows = sets[1].rows
    counts = Counter(row.y_true for row in rows)
    assert counts["b"] == 20 and counts["a"] > 40
    sampled = [row for row in rows if row.in_sample]
    assert Counter(row.y_true for row in sampled)["b"] < 10
    # The share tells how many such predictions there were.
    share = next(row.sampling_share for row in rows if row.y_true == "b")
    in_window = {one.id for one in stream.predictions if one.ts and sets[1].start <= one.ts < sets[1].end}
    actual = sum(one.y_true == "b" and f"r-{one.index}" in in_window for _, one in stream.outcomes)
    assert 0.6 * actual < 20 / share < 1.6 * actual


def test_a_full_set_is_a_smaller_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluation_window, "MAX_ROWS", 25)
    stream = Stream(3000)
    sets, _ = stream.play(EvaluationSettings(0.9, HOUR, 5 * HOUR), 50)
    assert all(len(each.rows) <= 25 for each in sets)
    assert all(id_hash(row.id) < each.share < 0.9 for each in sets[:-1] for row in each.rows)


def test_all_windows_together_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluation, "MAX_KEPT", 100)
    settings, stream = EvaluationSettings(0.9, HOUR, 5 * HOUR), Stream(3000)
    expected, sample = stream.play(settings, 50)
    found, _ = stream.play(settings, 7, restart=30)
    assert found == expected
    assert 80 < sum(len(window.rows) for window in sample._windows.values()) <= 100


def test_features_that_are_nested_deeply_are_missing() -> None:
    deep: Any = []
    for _ in range(2000):
        deep = [deep]
    key = ModelVersion("churn", "3")
    one = Prediction("r-1", 10.0, key, "yes", {"age": 41, "big": 2**70, "deep": deep, "country": "DE"})
    sample = EvaluationSample(EvaluationSettings(1.0, HOUR, HOUR), MemoryStore())
    outcome = Outcome(key, 0, 10.0, "yes", "no", 1.0)
    sample.update(PredictionBatch.of([0], [one]), 0, OutcomeBatch.of([outcome], [1]))
    sample.close()
    (row,) = sample.made(sample.closed()[0]).rows
    assert row.features == {"age": 41.0, "big": 2.0**70, "deep": None, "country": "DE"}


def test_an_outcome_of_another_prediction_at_the_same_position_is_left_out() -> None:
    """A prediction that was restored here has no position of its own."""
    stream = Stream(3000)
    settings = EvaluationSettings(1.0, HOUR, 10 * HOUR)
    sample = EvaluationSample(settings, MemoryStore())
    sample.update(PredictionBatch.of(range(100), stream.predictions[:100]), 0, OutcomeBatch.of((), ()))
    wrong = [one._replace(ts=(one.ts or 0.0) + 1.0) for _, one in stream.outcomes if one.index < 100]
    sample.update(PredictionBatch.of((), ()), 100, OutcomeBatch.of(wrong, [100] * len(wrong)))
    sample.close()
    assert all(not sample.made(key).rows for key in sample.closed())


def test_without_a_state_old_rows_are_dropped() -> None:
    """Evaluation sets were turned off in between."""
    stream, store = Stream(500), MemoryStore()
    sample = EvaluationSample(EvaluationSettings(1.0, HOUR, HOUR), store)
    sample.update(PredictionBatch.of(range(500), stream.predictions), 0, OutcomeBatch.of((), ()))
    again = EvaluationSample(EvaluationSettings(1.0, HOUR, HOUR), store)
    again.restore(None)
    assert store.scan(b"", b"\xff", 10) == []
    outcomes = [one for _, one in stream.outcomes]
    again.update(PredictionBatch.of((), ()), 500, OutcomeBatch.of(outcomes, [500] * len(outcomes)))
    assert again.closed() == []


def test_another_window_starts_anew() -> None:
    stream, store = Stream(500), MemoryStore()
    sample = EvaluationSample(EvaluationSettings(1.0, HOUR, HOUR), store)
    sample.update(PredictionBatch.of(range(500), stream.predictions), 0, OutcomeBatch.of((), ()))
    again = EvaluationSample(EvaluationSettings(1.0, 2 * HOUR, HOUR), store)
    again.restore(sample.state())
    assert store.scan(b"", b"\xff", 10) == [] and again.closed() == []
