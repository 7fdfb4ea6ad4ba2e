"""The errors of rare classes: which classes have a signal, from which outcome on, and their parts of the budget."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from stream_monitor.core.events import ModelVersion
from stream_monitor.drift.budget import CLASS_PART, MAX_CLASSES
from stream_monitor.monitors.class_errors import MIN_LABELS, ClassErrors
from stream_monitor.monitors.settings import MonitorSettings
from stream_monitor.monitors.signal_set import SignalSet
from tests.harness import run

NAMES = [f"c{code}" for code in range(20)]


def _signals() -> SignalSet:
    return SignalSet(ModelVersion("m", "1"), MonitorSettings())


def _taken(codes: list[int], *cuts: int) -> tuple[ClassErrors, dict[str, list[float]]]:
    """Return what each signal gets of outcomes whose errors are their positions."""
    errors, found = ClassErrors(_signals()), {}
    for part in np.split(np.arange(len(codes)), cuts):
        taken = errors.take(part.astype(float), np.array(codes)[part], NAMES) if len(part) else None
        for column, signal in enumerate(taken[0] if taken else ()):
            found.setdefault(signal.name, []).extend(taken[1][taken[2][:, column], column].tolist())
    return errors, found


def test_a_rare_class_has_the_errors_after_its_twentieth_label() -> None:
    codes = [1 if at % 10 == 3 else 0 for at in range(400)]
    errors, found = _taken(codes)
    assert [(each.name, each.frequency) for each in errors.classes] == [("c1", MIN_LABELS / 194)]
    assert found == {"error:c1": [float(at) for at in range(203, 400, 10)]}


@pytest.mark.parametrize("cuts", [(1,), (193, 194, 195), tuple(range(1, 400, 7))])
def test_cuts_change_nothing(cuts: tuple[int, ...]) -> None:
    codes = np.random.default_rng(2).choice(6, 400, p=[0.5, 0.2, 0.1, 0.1, 0.05, 0.05]).tolist()
    whole, expected = _taken(codes)
    pieces, found = _taken(codes, *cuts)
    assert whole.classes == pieces.classes
    assert len(expected) > 2
    assert found == expected


def test_a_class_that_is_frequent_when_it_is_decided_has_no_signal() -> None:
    errors, found = _taken([0, 1, 2] * MIN_LABELS + [0] * 1000)
    assert (errors.classes, found) == ([], {})


def test_so_many_classes_have_a_signal_and_spend_no_more_than_their_part() -> None:
    errors, found = _taken(list(range(20)) * 30)
    assert len(errors.classes) == len(found) == MAX_CLASSES
    signals = errors.take(np.zeros(1), np.array([0]), NAMES)[0]  # type: ignore[index]
    (detectors,) = zip(*(signal.detectors.runners.values() for signal in signals), strict=True)
    rates = [each.frequency / one.run_length for each, one in zip(errors.classes, detectors, strict=True)]
    assert math.fsum(rates) == pytest.approx(CLASS_PART / MonitorSettings().run_length)
    assert rates == sorted(rates, reverse=True)


def test_a_new_run_length_is_shared_out_to_classes() -> None:
    signals = _signals()
    errors = ClassErrors(signals)
    codes = np.array([0, 0, 0, 0, 1] * 30)
    (signal,), *_ = errors.take(np.zeros(150), codes, NAMES)  # type: ignore[misc]
    before = [runner.run_length for runner in signal.detectors.runners.values()]
    signals.share_out(2.0 * MonitorSettings().run_length, ())
    assert [runner.run_length for runner in signal.detectors.runners.values()] == [2.0 * each for each in before]


def test_after_a_restart_the_signals_are_the_same() -> None:
    codes = np.random.default_rng(3).choice(4, 900, p=[0.7, 0.1, 0.1, 0.1])
    first, _ = _taken(codes[:600].tolist())
    again = ClassErrors(_signals())
    again.restore(first.state())
    for errors in (first, again):
        errors.take(np.zeros(300), codes[600:], NAMES)
    assert again.classes == first.classes
    assert again.state()["labels"] == first.state()["labels"]
    assert [each["runners"] for each in again.state()["signals"]] == [
        each["runners"] for each in first.state()["signals"]
    ]


def _events(seed: int, changed: int, count: int, share: float = 0.04) -> list[dict[str, Any]]:
    """Return predictions of six classes; from a row on, the recall of c3, with this share, falls from .89 to .38."""
    rng = np.random.default_rng(seed)
    y_true = rng.choice(6, count, p=[0.84 - share, 0.10, 0.05, share, 0.007, 0.003])
    recall = np.array([0.96, 0.93, 0.93, 0.89, 0.89, 0.89])[y_true]
    recall[(y_true == 3) & (np.arange(count) >= changed)] = 0.38
    wrong = (y_true == 0).astype(int)
    y_pred = np.where(rng.random(count) < recall, y_true, wrong)
    pairs = zip(y_pred.tolist(), y_true.tolist(), strict=True)
    return [{"id": at, "prediction": f"c{p}", "label": f"c{t}", "features": {}} for at, (p, t) in enumerate(pairs)]


@pytest.mark.parametrize(("share", "most"), [(0.04, 1_500), (0.02, 2_500), (0.01, 4_000)])
def test_a_fall_of_the_recall_of_a_rare_class_is_told(share: float, most: int) -> None:
    """Among all outcomes the error rises from 5 to 7 %, which is told thousands of rows after the change.

    Of 1 % of the rows, 1,500 have 15 values, and no detector with this run length finds it so soon: by Lorden's bound
    a mean of 19 values are needed.
    """
    delays = []
    for seed in range(3):
        _, found = run(_events(seed, 20_000, 25_000, share), batch_size=1000, detectors=["glr"])
        assert {one.signal for one in found} <= {"error:c3", "error", "prediction"}
        first = next(one for one in found if one.signal == "error:c3")
        assert first.after > first.before
        delays.append(first.index - 20_000)
    assert min(delays) >= 0
    assert sorted(delays)[1] <= most


def test_without_a_change_no_class_is_told() -> None:
    _, found = run(_events(1, 20_000, 20_000), batch_size=1000, detectors=["glr"])
    assert found == []
