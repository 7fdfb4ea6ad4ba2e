"""A trainer that waits for retrain requests, learns from the evaluation sets, and tests what it has learned."""

from __future__ import annotations

import csv
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import orjson
from kafka import KafkaConsumer
from pyarrow import ArrowException
from pyarrow.parquet import read_table

from stream_monitor.actions.evaluation_manifest import read_manifest, sealed_sets
from stream_monitor.app.compare import Comparison, Question, compare
from stream_monitor.core.arrays import Floats
from stream_monitor.core.errors import ConfigError
from stream_monitor.core.timestamps import parse_timestamp
from stream_monitor.demo.clock import DemoClock
from stream_monitor.demo.scenario import FEATURES, risk
from stream_monitor.demo.service import Service, Version

RETRAIN = "retrain"
#: Rows from which a model is trained, and seconds of the scenario before the request from which they count.
MIN_ROWS, SECONDS_BEFORE = 600, 1_200.0
#: Newton steps of a logistic regression, and its ridge.
STEPS, RIDGE = 12, 1e-3
#: Seconds between two looks at the evaluation sets.
_PERIOD = 0.5


class Rollout(NamedTuple):
    """A version that was trained and passed its test.

    Attributes:
        requested: The time of the retrain request, in seconds since the Unix epoch.
        reasons: Its reasons.
        version: The new version.
        rows: Number of rows that it was trained on.
        test: Its test on sets that it has not seen.
        begun: The time at which it got its first share of the traffic.
    """

    requested: float
    reasons: Sequence[str]
    version: str
    rows: int
    test: Comparison
    begun: float


class Trainer(threading.Thread):
    """Answers the first retrain request with a new version.

    Attributes:
        requested: The time of the request, None before.
        rollout: The answer, None before.
    """

    def __init__(
        self, bootstrap_servers: str, directory: Path, service: Service, clock: DemoClock, options: Mapping[str, Any]
    ) -> None:
        super().__init__(name="trainer", daemon=True)
        self._servers, self._options = bootstrap_servers, options
        self._directory, self._service, self._clock = directory, service, clock
        self.requested: float | None = None
        self.rollout: Rollout | None = None
        self._stop_asked = threading.Event()

    def stop(self) -> None:
        """Stop."""
        self._stop_asked.set()
        self.join(10)

    def run(self) -> None:
        request = self._wait()
        if request is None:
            return
        self.requested = parse_timestamp(request["time"])
        reasons = [reason["text"] for reason in request["data"]["reasons"]]
        name = str(int(request["data"]["version"]) + 1)
        while not self._stop_asked.wait(_PERIOD):
            rows = self._rows(self.requested - SECONDS_BEFORE)
            if len(rows.labels) < MIN_ROWS:
                continue
            version = _trained(rows)
            test = self._test(version)
            if test and test.is_better:
                self.rollout = Rollout(self.requested, reasons, name, len(rows.labels), test, self._clock.now())
                self._service.try_out(name, version)
                return

    def _wait(self) -> Mapping[str, Any] | None:
        """Return the first request, None when it is stopped."""
        consumer = KafkaConsumer(
            RETRAIN,
            bootstrap_servers=self._servers.split(","),
            auto_offset_reset="earliest",
            # A topic that is not in the first metadata is looked for again after this time.
            metadata_max_age_ms=1_000,
            **self._options,
        )
        try:
            while not self._stop_asked.is_set():
                for records in consumer.poll(timeout_ms=200).values():
                    for record in records:
                        request: Mapping[str, Any] = orjson.loads(record.value)
                        return request
        finally:
            consumer.close()
        return None

    def _rows(self, since: float) -> _Rows:
        """Return the rows from a time on, of the sets that are not sealed."""
        manifest = read_manifest(self._directory)
        sealed = sealed_sets(manifest["sets"], manifest["looks"])
        read = [_read(self._directory / each["file"]) for each in manifest["sets"] if each["file"] not in sealed]
        rows = [row for part in read for row in part if row["ts"] >= since]
        features = np.array([[row[f"features.{name}"] for name in FEATURES] for row in rows], float)
        labels = np.array([row["label"] == "default" for row in rows], float)
        return _Rows(features.reshape(-1, len(FEATURES)), labels)

    def _test(self, version: Version) -> Comparison | None:
        """Compare a version with the one that serves on the sealed sets; None where a set came meanwhile."""
        manifest = read_manifest(self._directory)
        path = self._directory / "candidate.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            table = csv.writer(file)
            table.writerow(["id", "prediction"])
            for each in manifest["sets"]:
                for row in _read(self._directory / each["file"]):
                    features = {name: row[f"features.{name}"] for name in FEATURES}
                    score = risk(features, version.weights, version.bias)
                    table.writerow([row["id"], "default" if score > 0.5 else "repay"])
        try:
            found = compare(Question(self._directory, path, is_final=True))
        except ConfigError:
            return None
        return None if found.missing else found


class _Rows(NamedTuple):
    """Features, shape (n, features), and labels, 1 for a default, shape (n,)."""

    features: Floats
    labels: Floats


def _read(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a set; none where it has gone."""
    names = [f"features.{name}" for name in FEATURES]
    try:
        rows: list[dict[str, Any]] = read_table(path, columns=["id", "ts", "label", *names]).to_pylist()
    except (OSError, ArrowException):
        return []
    return [row for row in rows if all(row[name] is not None for name in names)]


def _trained(rows: _Rows) -> Version:
    """Return a logistic regression by Newton's method, with a small ridge."""
    scales = np.array(list(FEATURES.values()))
    x = np.column_stack((np.ones(len(rows.labels)), (rows.features - scales[:, 0]) / scales[:, 1]))
    weights = np.zeros(x.shape[1])
    for _ in range(STEPS):
        p = 1.0 / (1.0 + np.exp(-np.clip(x @ weights, -30.0, 30.0)))
        hessian = (x * (p * (1.0 - p))[:, None]).T @ x / len(x) + RIDGE * np.eye(len(weights))
        weights -= np.linalg.solve(hessian, x.T @ (p - rows.labels) / len(x) + RIDGE * weights)
    bias, *others = weights.tolist()
    return Version(tuple(others), bias)
