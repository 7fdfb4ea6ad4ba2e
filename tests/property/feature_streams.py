"""Streams of predictions with features of many kinds."""

from __future__ import annotations

from typing import Any

import numpy as np

from stream_monitor.core.arrays import Floats
from stream_monitor.core.events import Detection
from stream_monitor.monitors.model import ModelMonitor
from stream_monitor.testing import make_label, make_prediction
from tests.harness import feature_events, run

KEPT = {
    "value": lambda rng, index: float(rng.normal(loc=3.0 * (index // 400))),
    "whole": lambda rng, index: int(rng.integers(0, 5)),
    "text": lambda rng, index: str(rng.choice(["a", "b"])),
    "null": lambda rng, index: None,
    "flag": lambda rng, index: bool(rng.random() < 0.3),
    "list": lambda rng, index: [1],
    "huge": lambda rng, index: 10**400,
    "wild": lambda rng, index: float(rng.choice([1e308, -1e308, 1.0])),
}


def _mixed_event(rng: np.random.Generator, index: int, features: int) -> dict[str, Any]:
    names = [f"f{number}" for number in range(features) if rng.random() < 0.8]
    kinds = ["value"] * 12 + list(KEPT)
    values = {name: KEPT[str(rng.choice(kinds))](rng, index) for name in names}
    fields: dict[str, Any] = {"features": values, "prediction": str(rng.choice(["yes", "no", "may be"]))}
    if rng.random() < 0.7:
        fields["score"] = float(rng.random() + (index > 500))
    if rng.random() < 0.5:
        fields["label"] = "yes" if index < 600 else "no"
    return make_prediction(index, version=str(rng.integers(1, 4)), **fields)


def mixed_events(seed: int, count: int, features: int) -> list[dict[str, Any]]:
    """Return predictions with all sorts of features, and labels inside, before and after them."""
    rng = np.random.default_rng(seed)
    events: list[dict[str, Any]] = []
    for index in range(count):
        if rng.random() < 0.2:
            events.append(make_label(int(rng.integers(0, count)), str(rng.choice(["yes", "no"]))))
        events.append(_mixed_event(rng, index, features))
    return events


def drifting(seed: int, count: int = 2400) -> Floats:
    """Return ``count`` values on four levels; the seed sets levels, values and distribution."""
    rng = np.random.default_rng(seed)
    level = np.repeat(rng.normal(scale=3.0, size=4), count // 4)
    shape = [rng.normal(size=count), rng.lognormal(size=count), rng.integers(0, 9, size=count)][seed % 3]
    return level + shape


def run_one(values: list[Any], **options: Any) -> tuple[ModelMonitor, list[Detection]]:
    """Run the pipeline over predictions with one feature; return the model's monitor and the detections."""
    pipeline, found = run(feature_events({"a": values}), **options)
    (monitor,) = pipeline.processor.fleet.monitors.values()
    return monitor, found
