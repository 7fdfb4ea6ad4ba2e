"""False alarms of a whole model: many stationary features, a prediction, a score and an error, with one budget."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import measures
import numpy as np
from program import Program, Setting
from streams import generator

from stream_monitor.core.event_batch import PredictionBatch
from stream_monitor.core.events import ModelVersion, Outcome, Prediction
from stream_monitor.core.outcome_batch import OutcomeBatch
from stream_monitor.monitors.fleet import Fleet
from stream_monitor.monitors.settings import MonitorSettings

#: The budget: events between two false alarms of the model, few enough to count alarms in one run.
RUN_LENGTH = 5_000
FEATURES = (100, 500)
#: The number of events by form and number of features; a peer with a Python class gets a twentieth.
EVENTS = {"full": {100: 300_000, 500: 150_000}, "short": {100: 30_000, 500: 8_000}}
BATCH = 2_000
WARMUP = 500
KEY = ModelVersion("model", "1")


def whole_model(program: Program | None, features: int, form: str) -> dict[str, Any]:
    """Count the false alarms of a program on the whole model; None stands for this project."""
    events = EVENTS[form][features]
    if program is None:
        return {"events": events - WARMUP, "alarms": _ours(features, events)}
    events = events if program.cost == "fast" else events // 20
    runs = [program.start(Setting(run_length=RUN_LENGTH * features)) for _ in range(features)]
    alarms = 0
    for values in _batches(features, events):
        alarms += sum(len(run(column)) for run, column in zip(runs, values, strict=True))
    return {"events": events, "alarms": alarms}


def within(reading: dict[str, Any]) -> float:
    """Return the ratio of the mean number of events between alarms to the budget."""
    return measures.ratio(reading["events"], reading["alarms"]) / RUN_LENGTH


def _ours(features: int, events: int) -> int:
    names = [f"f{number}" for number in range(features)]
    fleet = Fleet(MonitorSettings(run_length=RUN_LENGTH, max_features=features, warmup=WARMUP))
    random = generator("outcomes", features)
    alarms = begin = 0
    for values in _batches(features, events):
        predictions, outcomes = [], []
        score, wrong = random.random(BATCH).tolist(), (random.random(BATCH) < 0.1).tolist()
        events_of = zip(range(begin, begin + BATCH), values.T.tolist(), score, wrong, strict=True)
        for row, values_of, chance, is_wrong in events_of:
            guess, truth = chance < 0.3, (chance < 0.3) != is_wrong
            inputs = dict(zip(names, values_of, strict=True))
            predictions.append(Prediction(str(row), float(row), KEY, _name(guess), inputs, chance))
            outcomes.append(Outcome(KEY, row, float(row), _name(guess), _name(truth), 1.0))
        table = OutcomeBatch.of(outcomes, range(begin + 1, begin + BATCH + 1))
        index = np.arange(begin, begin + BATCH)
        alarms += len(fleet.update(PredictionBatch.of(range(BATCH), predictions), index, table))
        begin += BATCH
    return alarms


def _name(is_yes: bool) -> str:
    return "yes" if is_yes else "no"


def _batches(features: int, events: int) -> Iterator[Any]:
    """Yield batches of normal features, shape (features, BATCH), the same for every program."""
    random = generator("features", features)
    for _ in range(0, events, BATCH):
        yield random.normal(size=(features, BATCH)).astype(np.float64)
