"""End to end: a real data set, through Kafka, into the sidecar, and out of Prometheus.

What PromQL returns must equal what is computed here from the same rows with nothing of stream_monitor: river's own
detectors, fed value by value.
"""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pytest
from river import datasets, drift, linear_model, preprocessing, tree

from tests.brokers import Broker, produce
from tests.conftest import MakeTopic
from tests.e2e.prometheus import Prometheus, find_binary
from tests.integration.events import START, as_record
from tests.integration.sidecar import Scrape, Sidecar, watch

pytestmark = [pytest.mark.kafka, pytest.mark.prometheus]

ROLLING, DECAY = 1000, 0.999
#: River sees raw values: so does the sidecar then, with river's own parameters.
WATCHED = [
    f"{signal}={detector}"
    for signal in ("feature:*", "missing:*", "score", "error")
    for detector in ("adwin:delta=0.002", "page_hinkley:threshold=50")
]
MODELS = {
    "phishing": (datasets.Phishing, lambda: preprocessing.StandardScaler() | linear_model.LogisticRegression()),
    "segments": (datasets.ImageSegments, tree.HoeffdingTreeClassifier),
}
"""Two data sets that ship inside river: of 2 classes and of 7, the latter with a feature that never varies."""


class Row(NamedTuple):
    """One row of a data set, scored before its class was learned."""

    features: Mapping[str, float]
    predicted: Any
    probability: Mapping[Any, float]
    true: Any


def score_while_learning(name: str) -> list[Row]:
    """Return the rows as a model in production sees them: first predicted, then learned."""
    data, make = MODELS[name]
    model, rows = make(), []
    for x, y in data():
        predicted, probability = model.predict_one(x), model.predict_proba_one(x)
        rows.append(Row(x, y if predicted is None else predicted, probability, y))
        model.learn_one(x, y)
    return rows


@dataclass
class Expected:
    """The results that the monitor must have for one model's rows."""

    accuracy: dict[str, float]
    outcomes: int
    correct: int
    detections: Counter[tuple[str, str]] = field(default_factory=Counter)


def expect(rows: list[Row]) -> Expected:
    right = np.array([row.predicted == row.true for row in rows], dtype=float)
    weights = DECAY ** np.arange(len(right))[::-1]
    accuracy = {
        "cumulative": right.mean(),
        "rolling": right[-ROLLING:].mean(),
        "decayed": right @ weights / weights.sum(),
    }
    found = Expected(accuracy, len(rows), int(right.sum()))
    for signal, values in signals(rows):
        found.detections.update(detect(signal, np.array(values, dtype=float)))
    return found


def signals(rows: list[Row]) -> Iterator[tuple[str, list[float]]]:
    """Return every signal of the rows, with its values."""
    yield "score", [row.probability[row.predicted] for row in rows if row.probability]
    yield "error", [float(row.predicted != row.true) for row in rows]
    for name in rows[0].features:
        yield f"feature:{name}", [row.features[name] for row in rows]
        yield f"missing:{name}", [0.0 for _ in rows]


def detect(signal: str, values: Any) -> Iterator[tuple[str, str]]:
    """Return the signal and the detector of each drift that river finds, value by value."""
    for name, detector in (("adwin", drift.ADWIN()), ("page_hinkley", drift.PageHinkley())):
        for value in values:
            detector.update(value)
            if detector.drift_detected:
                yield signal, name


def inference(model: str, at: int, row: Row) -> dict[str, Any]:
    probability = {str(label): share for label, share in row.probability.items()}
    event = {"id": f"{model}-{at}", "model": model, "features": row.features, "prediction": row.predicted}
    return event | ({"score": probability} if probability else {})


@pytest.fixture(scope="module")
def scored() -> dict[str, list[Row]]:
    return {name: score_while_learning(name) for name in MODELS}


@pytest.fixture
def monitored(kafka_broker: Broker, topic: MakeTopic, scored: dict[str, list[Row]]) -> Iterator[Sidecar]:
    """A sidecar that has read all the rows, and their labels from a topic of their own."""
    predictions, labels = topic("inference"), topic("labels")
    watched = [part for spec in WATCHED for part in ("--detector", spec)]
    with Sidecar(*watch(kafka_broker, predictions, "--label-topic", labels, "--warmup", "0", *watched)) as sidecar:
        sent = 0
        for model, rows in scored.items():
            events = [inference(model, at, row) for at, row in enumerate(rows)]
            truths = [{"id": f"{model}-{at}", "label": row.true} for at, row in enumerate(rows)]
            for name, bodies in ((predictions, events), (labels, truths)):
                stamped = enumerate(bodies)
                sent += produce(
                    kafka_broker, name, [as_record(body, ts_ms=int((START + at) * 1000)) for at, body in stamped]
                )
        sidecar.wait_for_records(sent)
        yield sidecar
        sidecar.stop()


@pytest.fixture
def prometheus(monitored: Sidecar) -> Iterator[Prometheus]:
    binary = find_binary("prometheus")
    if not binary:
        pytest.skip("there is no prometheus; Debian and Ubuntu have it: apt-get install prometheus")
    target = monitored.url.removeprefix("http://").removesuffix("/")
    with Prometheus(binary, target) as running:
        yield running


def test_promql_returns_what_river_computes(prometheus: Prometheus, scored: dict[str, list[Row]]) -> None:
    expected = {model: expect(rows) for model, rows in scored.items()}
    total = sum(each.outcomes for each in expected.values())
    prometheus.wait_for("sum(stream_monitor_outcomes_total)", lambda value: value == total)
    share = prometheus.value("sum(stream_monitor_outcomes_correct_total) / sum(stream_monitor_outcomes_total)")
    assert share == pytest.approx(sum(each.correct for each in expected.values()) / total, rel=1e-12)
    for model, each in expected.items():
        assert_equal(prometheus, model, each)


def assert_equal(prometheus: Prometheus, model: str, expected: Expected) -> None:
    of = f'{{model="{model}"}}'
    assert prometheus.value(f"sum(stream_monitor_predictions_total{of})") == expected.outcomes
    assert prometheus.value(f"stream_monitor_outcomes_correct_total{of}") == expected.correct
    ratios = prometheus.query(f"stream_monitor_performance_ratio{of}")
    accuracy = {labels["window"]: value for labels, value in ratios if labels["measure"] == "accuracy"}
    assert accuracy == pytest.approx(expected.accuracy, rel=1e-9)
    counts = prometheus.query(f"sum by (signal, detector) (stream_monitor_drift_detections_total{of})")
    found = {(labels["signal"], labels["detector"]): int(value) for labels, value in counts}
    assert {pair: count for pair, count in found.items() if count} == dict(expected.detections)
    assert expected.detections, "a data set without a drift shows nothing"


def test_promtool_has_nothing_to_say_about_the_metrics(monitored: Sidecar) -> None:
    promtool = find_binary("promtool")
    if not promtool:
        pytest.skip("there is no promtool; it comes with prometheus: apt-get install prometheus")
    metrics = monitored.scrape().text
    said = subprocess.run([promtool, "check", "metrics"], input=metrics, capture_output=True, text=True, timeout=30)
    ours = [line for line in (said.stdout + said.stderr).splitlines() if line.startswith("stream_monitor")]
    assert ours == []


def test_the_counters_stand_at_zero_before_their_first_event(kafka_broker: Broker, topic: MakeTopic) -> None:
    """Otherwise PromQL's increase() misses the first event."""
    with Sidecar(*watch(kafka_broker, topic("quiet"))) as sidecar:
        scrape: Scrape = sidecar.scrape()
    for name in ("labels_total", "predictions_expired_total", "source_errors_total"):
        assert scrape.series(name) == [({}, 0.0)]
    assert {labels["reason"] for labels, _ in scrape.series("records_rejected_total")} >= {"not_json", "unreadable"}
