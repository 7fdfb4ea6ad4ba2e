"""Detections are the same on every processor, bit for bit; numpy computes in other ways on newer ones."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from stream_monitor.core.events import Detection
from tests.harness import feature_events, run

#: What numpy has for newer processors only; it warns where a processor lacks it.
NEWER = "X86_V4 AVX512_ICL AVX512_SPR"
DETECTORS = ("glr", "page_hinkley", "adwin", "feature:*=kswin", "error=hddm_w", "error=ddm")


def events() -> list[dict[str, Any]]:
    """Return events whose features change in every way: numbers, mirrored categories, shares, dependent ones."""
    rng, count = np.random.default_rng(11), 6000
    late = np.arange(count) >= 3000
    walk = np.zeros(count)
    for at in range(1, count):
        walk[at] = 0.9 * walk[at - 1] + rng.normal()
    columns = {
        "normal": rng.normal(size=count) + 0.8 * late,
        "lognormal": rng.lognormal(size=count) * (1.0 + 0.7 * late),
        "walk": walk + 6.0 * late,
        "wide": rng.normal(size=count) * 10.0 ** np.linspace(-3, 3, count),
        "counts": rng.poisson(3.0 + late).astype(float),
        "mirrored": np.where(rng.random(count) < 0.5 + 0.3 * late, "x", "y"),
        "letters": rng.choice(list("abcdef"), count),
        "holes": [None if gone else 1.0 * at for at, gone in enumerate(rng.random(count) < 0.02 + 0.1 * late)],
    }
    rows = feature_events(columns)
    for at, row in enumerate(rows):
        row["label"] = row["prediction"] if rng.random() < (0.9 if at < 4000 else 0.7) else "other"
    return rows


def detections(rows: list[dict[str, Any]]) -> list[Detection]:
    """Return what is found in events, by several detectors, with and without a season."""
    found = []
    for options in ({}, {"seasonality": (3600.0,)}, {"warmup": 0}):
        found += run(rows, detectors=DETECTORS, **options)[1]
    return found


def test_detections_do_not_depend_on_the_processor() -> None:
    rows = events()
    here = detections(rows)
    assert len({one.signal for one in here}) > 8 and len({one.detector for one in here}) > 4
    environment = {**os.environ, "NPY_DISABLE_CPU_FEATURES": NEWER}
    done = subprocess.run(
        [sys.executable, "-m", "tests.contract.test_processors"],
        input=json.dumps(rows),
        capture_output=True,
        text=True,
        check=True,
        env=environment,
        cwd=Path(__file__).parents[2],
    )
    assert json.loads(done.stdout) == json.loads(json.dumps(here))


if __name__ == "__main__":
    print(json.dumps(detections(json.load(sys.stdin))))
