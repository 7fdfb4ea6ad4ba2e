"""Signals side by side: the results are those of signals handled alone, bit for bit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import pairwise
from typing import Any
from unittest.mock import patch

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stream_monitor.core.event_batch import PredictionBatch
from stream_monitor.core.events import Detection, ModelVersion, Outcome, Prediction
from stream_monitor.core.outcome_batch import OutcomeBatch
from stream_monitor.core.records import Record
from stream_monitor.detectors.spec import parse_spec
from stream_monitor.drift import value_queue
from stream_monitor.monitors import joined_blocks, signal_block
from stream_monitor.monitors.fleet import Fleet
from stream_monitor.monitors.settings import MonitorSettings
from stream_monitor.profiles.profile import Profile
from stream_monitor.profiles.profiler import Profiler
from tests.examples import examples

DETECTORS = (
    ("glr",),
    ("glr:clock=2", "page_hinkley:threshold=12"),
    ("adwin:delta=0.05", "glr"),
    ("adwin:delta=0.05", "page_hinkley:threshold=12"),
    ("feature:a*=glr", "spread:*=glr", "error=page_hinkley", "missing:*=glr", "kswin"),
)


def _value(rng: np.random.Generator, at: int, name: int, shape: int, odd: float) -> Any:
    if rng.random() < odd:
        return [None, "text", [1], 10**400, True][int(rng.choice(5, p=(0.9, 0.04, 0.02, 0.02, 0.02)))]
    level = float((at // 900) % 2 * (name % 3 == 0) + (at > 1500) * (name == 1))
    if shape == 0:
        return float(rng.normal() * (3.0 if at > 2000 and name == 2 else 1.0) + level)
    if shape == 3:
        # Values in runs of five depend on each other.
        return float(np.sin(1e4 * (at // 5 + name)) + 0.1 * rng.normal() + level)
    if shape == 1:
        return int(rng.integers(0, 4) + 2 * level)
    return float(rng.choice([0.0, 1.0], p=[0.8 - 0.5 * level, 0.2 + 0.5 * level]))


def make_events(seed: int, count: int, features: int) -> list[tuple[Prediction, str | None]]:
    """Return predictions of two versions with drifts, gaps and new features, and labels for some of them."""
    rng = np.random.default_rng(seed)
    shapes, odd = rng.integers(0, 4, features).tolist(), float(rng.choice([0.0, 0.02, 0.3]))
    starts = np.where(rng.random(features) < 0.3, rng.integers(0, count, features), 0)
    absent = float(rng.choice([0.0, 0.0, 0.1]))
    second = float(rng.choice([0.0, 0.0, 0.3]))
    events = []
    for at in range(count):
        values = {
            f"{'ab'[name % 2]}{name}": _value(rng, at, name, shapes[name], odd)
            for name in range(features)
            if at >= starts[name] and not (absent and rng.random() < absent)
        }
        version = "2" if second and at > count // 3 and rng.random() < second else "1"
        score = float(rng.random() + (at > 1200)) if rng.random() < 0.9 else None
        y_pred = str(rng.choice(["yes", "no"], p=[0.3, 0.7] if at % 1700 < 1000 else [0.7, 0.3]))
        label = y_pred if rng.random() < (0.9 if at < 1400 else 0.6) else "other"
        ts = None if rng.random() < 0.01 else 60.0 * at
        one = Prediction(f"p{at}", ts, ModelVersion("m", version), y_pred, values, score, None, None)
        events.append((one, label if rng.random() < 0.8 else None))
    return events


def make_profile(events: list[tuple[Prediction, str | None]]) -> Profile:
    """Return the profile of predictions."""
    profiler = Profiler()
    fields = ({"features": one.features, "prediction": one.y_pred, "score": one.score} for one, _ in events)
    profiler.add([Record("rows", at, row) for at, row in enumerate(fields)])
    return profiler.profile([], "")


def _feed(fleet: Fleet, events: list[tuple[Prediction, str | None]], begin: int) -> list[Detection]:
    index = np.arange(begin, begin + len(events))
    batch = PredictionBatch.of(range(len(events)), [one for one, _ in events])
    outcomes = [
        (Outcome(one.key, begin + at, one.ts, one.y_pred, label, 1.0), begin + at + 1)
        for at, (one, label) in enumerate(events)
        if label is not None
    ]
    return fleet.update(batch, index, OutcomeBatch.of([each for each, _ in outcomes], [at for _, at in outcomes]))


def _cuts(seed: int, count: int) -> list[int]:
    rng = np.random.default_rng(seed + 1)
    cuts = [0]
    while cuts[-1] < count:
        cuts.append(min(cuts[-1] + int(rng.choice([1, 7, 60, 150, 500, 1300])), count))
    return cuts


def _bytes(state: Any) -> bytes:
    return json.dumps(state, sort_keys=True, default=_plain).encode()


def _plain(part: Any) -> Any:
    return dict(part) if isinstance(part, Mapping) else list(part)


def _means(fleet: Fleet) -> list[Any]:
    return [
        (
            name,
            repr(signal.detectors.effective_samples),
            signal.comparison().values.tolist(),
            repr(signal.comparison().distances()),
            repr(signal.counted.verdict),
        )
        for monitor in fleet.monitors.values()
        for name, signal in sorted(monitor.signals.items())
    ]


@given(
    seed=st.integers(0, 2**32 - 1),
    detectors=st.sampled_from(DETECTORS),
    warmup=st.sampled_from((0, 30, 100)),
    features=st.integers(1, 6),
    max_features=st.sampled_from((3, 500)),
    run_seconds=st.sampled_from((None, 1e6)),
    max_joined=st.sampled_from((joined_blocks.MAX_JOINED, 1500, 0)),
    max_rows=st.sampled_from((value_queue.MAX_ROWS, 300)),
    profiled=st.sampled_from((0, 0, 400, 2500)),
    many_due=st.sampled_from((signal_block.MANY_DUE, 1000, 0)),
)
@example(
    seed=201,
    detectors=DETECTORS[2],
    warmup=100,
    features=5,
    max_features=500,
    run_seconds=None,
    max_joined=1500,
    max_rows=300,
    profiled=2500,
    many_due=signal_block.MANY_DUE,
)
@settings(max_examples=examples(30), deadline=None)
def test_the_results_are_those_of_signals_handled_alone(
    seed: int,
    detectors: tuple[str, ...],
    warmup: int,
    features: int,
    max_features: int,
    run_seconds: float | None,
    max_joined: int,
    max_rows: int,
    profiled: int,
    many_due: int,
) -> None:
    """States, detections, counts and means, over cuts and restarts, in common blocks and in blocks of their own."""
    events, cuts = make_events(seed, 3000, features), _cuts(seed, 3000)
    rng = np.random.default_rng(seed + 2)
    options: dict[str, Any] = {
        "specs": tuple(map(parse_spec, detectors)),
        "warmup": warmup,
        "max_features": max_features,
        "run_length": 30_000.0,
        "run_seconds": run_seconds,
        "rearm_after": 40_000.0,
        "profile": make_profile(make_events(seed + 3, profiled, features)) if profiled else None,
    }
    alone, beside = (MonitorSettings(**options, side_by_side=each) for each in (False, True))
    with (
        patch.object(joined_blocks, "MAX_JOINED", max_joined),
        patch.object(joined_blocks, "PATIENCE", 1),
        patch.object(signal_block, "MANY_DUE", many_due),
        patch.object(value_queue, "MAX_ROWS", max_rows),
    ):
        _compare(alone, beside, events, cuts, rng)


def _compare(
    alone: MonitorSettings,
    beside: MonitorSettings,
    events: list[tuple[Prediction, str | None]],
    cuts: list[int],
    rng: np.random.Generator,
) -> None:
    """Feed the events to two fleets, and compare them now and then."""
    expected, fleet = Fleet(alone), Fleet(beside)
    for begin, end in pairwise(cuts):
        assert _feed(fleet, events[begin:end], begin) == _feed(expected, events[begin:end], begin)
        kind = rng.random()
        if kind < 0.15:
            assert _means(fleet) == _means(expected)
        elif kind < 0.25:
            saved = fleet.state()
            assert _bytes(saved) == _bytes(expected.state())
            if kind < 0.2:
                fleet = Fleet(beside)
                fleet.restore(json.loads(_bytes(saved)))
                expected = Fleet(alone)
                expected.restore(json.loads(_bytes(saved)))
    assert _bytes(fleet.state()) == _bytes(expected.state())
    assert _means(fleet) == _means(expected)
