"""The time for which a checkpoint stops the loop with 300 signals: `waiting_stops.py DIRECTORY KIND CHECKPOINTS`.

The kinds are `predictions` of 100 numeric features under full load; the same with `labels` some time later, both with
a checkpoint every quarter of a second; and `full`, where these are followed by predictions of another model, which
has no features and is fast, so that each checkpoint is made with the maximum of unsaved changes.
"""

import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from waiting_events import (
    LABELS,
    PREDICTIONS,
    STEP_MS,
    TimedSource,
    config,
    ids,
    label_body,
    pipeline,
    prediction_body,
    record,
)

from stream_monitor.core.part import Part
from stream_monitor.core.records import Record

FEATURES = 100
BATCH = 500
#: The number of batches between a prediction and its label: 5,000 predictions.
BEHIND = 10
TEXTS = 2000
#: Checkpoints before the first one measured, while signals are in their warm-up.
WARM_UP = 20
INTERVAL = {"predictions": "250ms", "labels": "250ms", "full": "5s"}


def batches(kind: str) -> Iterator[Sequence[Record]]:
    rng = np.random.default_rng(17)
    rows = np.round(rng.normal(size=(TEXTS, FEATURES)), 4).tolist()
    texts = [json.dumps({f"f{number:03d}": value for number, value in enumerate(row)}) for row in rows]
    start_ms = int(time.time() * 1000) - 86_400_000
    for number in count():
        first = number * BATCH
        other = kind == "full" and first >= TEXTS
        records = []
        for at, name in named(first):
            now = start_ms + at * STEP_MS
            features, model = ("", "other") if other else (texts[at % TEXTS], "churn")
            records.append(record(PREDICTIONS, at, now, prediction_body(name, at, now, features, model)))
        if kind == "labels" and number >= BEHIND:
            before = first - BEHIND * BATCH
            records += [record(LABELS, at, now, label_body(name, at, now)) for at, name in named(before)]
        yield records


def named(first: int) -> Iterator[tuple[int, str]]:
    numbers = np.arange(first, first + BATCH, dtype=np.uint64)
    return zip(numbers.tolist(), ids(numbers), strict=True)


def main() -> None:
    directory, kind, checkpoints = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    feed = TimedSource(batches(kind), (PREDICTIONS, LABELS))
    chosen = config(
        PREDICTIONS, LABELS, state_dir=directory, checkpoint_interval=INTERVAL[kind], max_waiting=100_000_000
    )
    made, _ = pipeline(chosen, feed)
    begin, before = time.monotonic(), 0
    while len(feed.stops) < WARM_UP + checkpoints:
        made.step()
        if len(feed.stops) <= WARM_UP:
            begin, before = time.monotonic(), feed.given
    seconds = time.monotonic() - begin
    signals = sum(len(monitor.signals) for monitor in made.processor.fleet.monitors.values())
    report = {
        "stops_ms": [wall * 1000 for wall, _ in feed.stops[WARM_UP:]],
        "stops_cpu_ms": [cpu * 1000 for _, cpu in feed.stops[WARM_UP:]],
        "signals": signals,
        "records_per_second": (feed.given - before) / seconds,
        "state_kb": len(json.dumps(made.processor.fleet.state(), default=_plain)) / 1024,
    }
    print(json.dumps(report), flush=True)
    os._exit(0)


def _plain(value: Any) -> Any:
    """Return the JSON value of a part of a state, or of a sequence."""
    return dict(value) if isinstance(value, Part) else list(value)


if __name__ == "__main__":
    main()
