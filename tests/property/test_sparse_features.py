"""Sparse features: the results do not depend on where a stream is cut, whichever features come when."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stream_monitor.core.event_batch import PredictionBatch
from stream_monitor.core.events import Detection, ModelVersion, Outcome, Prediction
from stream_monitor.core.outcome_batch import OutcomeBatch
from stream_monitor.detectors.spec import parse_spec
from stream_monitor.monitors.fleet import Fleet
from stream_monitor.monitors.settings import MonitorSettings
from stream_monitor.monitors.signal import SignalMonitor
from tests.examples import examples

COUNT = 700
DETECTORS = (
    ("glr",),
    ("adwin",),
    ("adwin", "page_hinkley"),
    ("feature:*=glr", "spread:a*=page_hinkley", "missing:c*=adwin", "prediction=glr"),
)


def _value(rng: np.random.Generator, kind: int, at: int) -> Any:
    """Return a value of a numeric feature, a text one, or one of both kinds."""
    if rng.random() < 0.05:
        return None
    is_text = kind == 1 or (kind == 2 and rng.random() < 0.5)
    if is_text:
        return str(rng.choice(["x", "y", "z"], p=[0.2, 0.3, 0.5] if at > COUNT / 2 else [0.6, 0.2, 0.2]))
    return float(rng.normal() + 3.0 * (at > COUNT * 0.7))


def make_events(seed: int, names: int, carried: int) -> list[tuple[Prediction, str | None]]:
    """Return predictions of up to three versions, each with a few of many features, and labels for some of them."""
    rng = np.random.default_rng(seed)
    kinds = rng.choice(3, names, p=(0.5, 0.3, 0.2)).tolist()
    # Some features are frequent and others rare, and some start late.
    weights = rng.pareto(1.0, names) + 0.05
    starts = np.where(rng.random(names) < 0.3, rng.integers(0, COUNT, names), 0)
    begins = rng.integers(0, COUNT // 2, 2).tolist()
    events = []
    for at in range(COUNT):
        shares = np.where(starts <= at, weights, 0.0)
        count = min(int(rng.integers(0, carried + 1)), int((shares > 0).sum()))
        chosen = rng.choice(names, count, replace=False, p=shares / shares.sum()).tolist() if count else []
        values = {f"{'abc'[kinds[name]]}{name}": _value(rng, kinds[name], at) for name in chosen}
        known = ["1", *(version for version, begin in zip("23", begins, strict=True) if at >= begin)]
        y_pred = str(rng.choice(["yes", "no"]))
        version, score = str(rng.choice(known)), float(rng.random()) if rng.random() < 0.9 else None
        one = Prediction(f"p{at}", 60.0 * at, ModelVersion("m", version), y_pred, values, score, None, None)
        events.append((one, str(rng.choice(["yes", "no"])) if rng.random() < 0.5 else None))
    return events


def _feed(fleet: Fleet, events: list[tuple[Prediction, str | None]], begin: int) -> list[Detection]:
    batch = PredictionBatch.of(range(len(events)), [one for one, _ in events])
    outcomes = [
        (Outcome(one.key, begin + at, one.ts, one.y_pred, label, 1.0), begin + at + 1)
        for at, (one, label) in enumerate(events)
        if label is not None
    ]
    labels = OutcomeBatch.of([each for each, _ in outcomes], [at for _, at in outcomes])
    return fleet.update(batch, np.arange(begin, begin + len(events)), labels)


def _bytes(state: Any) -> bytes:
    return json.dumps(state, sort_keys=True, default=_plain).encode()


def _plain(part: Any) -> Any:
    return dict(part) if isinstance(part, Mapping) else list(part)


def _parameters(signal: SignalMonitor) -> Iterator[Any]:
    """Yield the run length of each detector of a signal, and the parameters that follow from it."""
    for name, runner in signal.detectors.runners.items():
        running = runner.running
        yield name, runner.run_length, running and running.weighted.run_length
        if running:
            known = vars(running.weighted.detector)
            yield [(each, repr(known[each])) for each in ("config", "context", "_parameters") if each in known]


def _everything(fleet: Fleet) -> dict[str, Any]:
    """Return the whole state of a fleet: that which is saved, and the parameters of every detector."""
    found: dict[str, Any] = {"fleet": _bytes(fleet.state())}
    for key, monitor in fleet.monitors.items():
        for name, signal in monitor.signals.items():
            found["/".join((*key, name))] = list(_parameters(signal))
            found["/".join((*key, name, "state"))] = _bytes(signal.state())
    return found


def _run(
    options: MonitorSettings, events: list[tuple[Prediction, str | None]], cuts: Iterable[int], stops: set[int]
) -> tuple[list[Detection], dict[int, dict[str, Any]]]:
    """Return the detections, and everything at each stop, after which another fleet goes on."""
    fleet, detections, found = Fleet(options), list[Detection](), {}
    for begin, end in pairwise(sorted({0, COUNT, *cuts, *stops})):
        detections += _feed(fleet, events[begin:end], begin)
        if end in stops or end == COUNT:
            found[end] = _everything(fleet)
            saved = json.loads(_bytes(fleet.state()))
            fleet = Fleet(options)
            fleet.restore(saved)
    return detections, found


@given(
    seed=st.integers(0, 2**32 - 1),
    names=st.sampled_from((2, 12, 40)),
    carried=st.sampled_from((2, 6)),
    warmup=st.sampled_from((0, 1, 5, 20, 60, 150)),
    detectors=st.sampled_from(DETECTORS),
    max_features=st.sampled_from((5, 500, 500)),
    run_seconds=st.sampled_from((None, None, 1e6)),
    cuts=st.one_of(
        st.lists(st.integers(1, COUNT - 1), max_size=12),
        st.sampled_from((1, 7, 50)).map(lambda size: list(range(size, COUNT, size))),
    ),
    stops=st.sets(st.integers(1, COUNT - 1), max_size=2),
    side_by_side=st.booleans(),
)
@example(
    seed=2,
    names=12,
    carried=6,
    warmup=60,
    detectors=DETECTORS[1],
    max_features=500,
    run_seconds=None,
    cuts=list(range(7, COUNT, 7)),
    stops=set(),
    side_by_side=True,
)
@settings(max_examples=examples(40), deadline=None)
def test_everything_is_the_same_for_all_cuts(
    seed: int,
    names: int,
    carried: int,
    warmup: int,
    detectors: tuple[str, ...],
    max_features: int,
    run_seconds: float | None,
    cuts: list[int],
    stops: set[int],
    side_by_side: bool,
) -> None:
    """The detections, every state and every parameter; numbers and text, versions, restarts, evictions."""
    events = make_events(seed, names, carried)
    options: dict[str, Any] = {
        "specs": tuple(map(parse_spec, detectors)),
        "warmup": warmup,
        "max_features": max_features,
        "run_length": 3_000.0,
        "run_seconds": run_seconds,
    }
    expected = _run(MonitorSettings(**options), events, (), stops)
    found = _run(MonitorSettings(**options, side_by_side=side_by_side), events, cuts, stops)
    assert found[0] == expected[0]
    for stop, everything in expected[1].items():
        assert found[1][stop].keys() == everything.keys()
        assert [name for name in everything if found[1][stop][name] != everything[name]] == []
