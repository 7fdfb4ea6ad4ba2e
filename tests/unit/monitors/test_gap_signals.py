"""The gaps between groups as signals: which values are compared, from when on, and what a change raises."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from stream_monitor.core.events import ModelVersion
from stream_monitor.detectors.spec import DEFAULT_SPECS
from stream_monitor.drift.budget import GAP_PART, MAX_GAPS, Budget
from stream_monitor.monitors.gap_signals import GapSignals
from stream_monitor.monitors.settings import MonitorSettings
from stream_monitor.monitors.signal_set import SignalSet
from stream_monitor.performance.fairness import FairnessSettings, GroupOutcomes
from stream_monitor.performance.groups import Grouping
from stream_monitor.performance.subgroup_codes import MISSING
from tests.harness import run

SEX = FairnessSettings([Grouping.parse("sex", "groups.sex")], positive="yes", min_count=20)
NAMES = {"sex": [f"v{code}" for code in range(20)]}


def _gaps(task: Any = "classification", compared: FairnessSettings = SEX) -> GapSignals:
    return GapSignals(SignalSet(ModelVersion("m", "1"), MonitorSettings(fairness=compared, task=task)))


def _outcomes(codes: list[int], losses: list[float], positive: list[bool]) -> GroupOutcomes:
    return GroupOutcomes(NAMES, np.array(codes, np.uint8)[:, None], np.array(losses), np.array(positive, bool))


def _taken(gaps: GapSignals, outcomes: GroupOutcomes, *cuts: int) -> dict[str, list[tuple[int, float]]]:
    found: dict[str, list[tuple[int, float]]] = {}
    for part in np.split(np.arange(len(outcomes.losses)), cuts):
        some = GroupOutcomes(NAMES, outcomes.codes[part], outcomes.losses[part], outcomes.is_positive[part])
        signals, values, is_there = gaps.take(some)
        for column, signal in enumerate(signals):
            rows = np.flatnonzero(is_there[:, column])
            pairs = zip(part[rows].tolist(), values[rows, column].tolist(), strict=True)
            found.setdefault(signal.name, []).extend(pairs)
    return found


def _stream(seed: int, count: int = 600) -> GroupOutcomes:
    rng = np.random.default_rng(seed)
    codes = rng.choice([0, 1, 2, MISSING], count, p=[0.5, 0.3, 0.1, 0.1]).tolist()
    return _outcomes(codes, (rng.random(count) < 0.3).astype(float).tolist(), (rng.random(count) < 0.5).tolist())


def test_a_pair_of_which_one_is_wrong_tells_which() -> None:
    codes = [0, 1] * 20 + [0, 1, 0, 1, 0, 1]
    losses = [0.0] * 40 + [1.0, 0.0, 0.0, 1.0, 1.0, 1.0]
    found = _taken(_gaps(), _outcomes(codes, losses, [True] * 46))
    assert found["gap:accuracy:sex=v1"] == [(41, 0.0), (43, 1.0)]
    assert found["gap:true_positive_rate:sex=v1"] == found["gap:accuracy:sex=v1"]
    assert "gap:false_positive_rate:sex=v1" not in found


def test_the_first_value_with_enough_outcomes_is_the_one_that_others_are_compared_with() -> None:
    found = _taken(_gaps(), _stream(1))
    assert {name.rpartition("=")[2] for name in found} == {"v1", "v2"}


def test_a_regression_compares_residuals() -> None:
    codes, losses = [0, 1] * 20 + [0, 1], [0.0] * 40 + [2.0, -1.5]
    found = _taken(_gaps("regression"), _outcomes(codes, losses, [False] * 42))
    assert found == {"gap:residual:sex=v1": [(41, -3.5)]}


@pytest.mark.parametrize("cuts", [(1,), (39, 40, 41), tuple(range(1, 600, 7))])
@pytest.mark.parametrize("seed", range(3))
def test_cuts_change_nothing(seed: int, cuts: tuple[int, ...]) -> None:
    whole, pieces = _gaps(), _gaps()
    expected = _taken(whole, _stream(seed))
    assert _taken(pieces, _stream(seed), *cuts) == expected
    first, second = ({**gaps.state(), "signals": None} for gaps in (whole, pieces))
    assert first == second


def test_after_a_restart_the_signals_are_the_same() -> None:
    whole, first, again = _gaps(), _gaps(), _gaps()
    expected = _taken(whole, _stream(5), 300)
    half = _stream(5)
    found = _taken(first, GroupOutcomes(NAMES, *(column[:300] for column in half[1:])))
    again.restore(json.loads(json.dumps(first.state(), default=list)))
    for name, rows in _taken(again, GroupOutcomes(NAMES, *(column[300:] for column in half[1:]))).items():
        found.setdefault(name, []).extend((row + 300, value) for row, value in rows)
    assert found == expected
    other = _gaps(compared=FairnessSettings([Grouping.parse("age", "groups.age")]))
    other.restore(first.state())
    assert other.state()["values"] == []


def test_so_many_values_are_compared_and_spend_no_more_than_their_part() -> None:
    gaps = _gaps()
    _taken(gaps, _outcomes(list(range(20)) * 40, [0.0, 1.0, 1.0] * 266 + [0.0, 1.0], [True] * 800))
    values = gaps.state()["values"]
    assert len(values) == MAX_GAPS
    signals = gaps._signals
    rates = [
        min(f, 1 - f) / 2 / signals._allowed(f"gap:{measure}:{name}")
        for _, _, name, f in values
        for measure in gaps._names
    ]
    assert sum(rates) == pytest.approx(GAP_PART / MonitorSettings().run_length)


def test_without_groups_the_budget_is_as_it_was() -> None:
    plain, with_gaps = Budget(DEFAULT_SPECS, 1.0), Budget(DEFAULT_SPECS, 1.0, has_gaps=True)
    assert plain.run_length("error", []) == with_gaps.run_length("error", [])
    assert plain.run_length("prediction", []) < with_gaps.run_length("prediction", [])


def test_a_gap_that_opens_while_accuracy_stays_is_detected() -> None:
    """Errors move from one group to the other: the error signal does not change, that of the gap does."""
    rng = np.random.default_rng(7)
    events = []
    for at in range(12_000):
        sex = "fm"[at % 2]
        wrong = rng.random() < (0.2 if at < 6000 else 0.3 if sex == "f" else 0.1)
        label = "yes" if rng.random() < 0.5 else "no"
        prediction = label if not wrong else {"yes": "no", "no": "yes"}[label]
        events.append({"id": at, "ts": at, "prediction": prediction, "label": label, "groups": {"sex": sex}})
    _, found = run(events, detectors=["glr"], fairness=FairnessSettings(SEX.groupings, positive="yes"))
    signals = {one.signal for one in found}
    assert "gap:accuracy:sex=m" in signals
    assert "error" not in signals
    (first, *_) = [one for one in found if one.signal == "gap:accuracy:sex=m"]
    assert first.changed_index is not None and abs(first.changed_index - 6000) < 500
    assert first.before == pytest.approx(0.5, abs=0.05)
    assert first.after == pytest.approx(0.2, abs=0.1)
