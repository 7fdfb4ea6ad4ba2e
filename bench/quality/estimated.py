"""Estimated accuracy before labels come, beside NannyML's, on the same rows.

NannyML runs in an environment of its own, which `install_peers.py` creates from `peers/nannyml.txt`.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from estimated_streams import CHUNK, CHUNKS, REFERENCE, ROWS, Key, Stream, streams

from stream_monitor.core.event_batch import PredictionBatch
from stream_monitor.core.events import ModelVersion
from stream_monitor.core.feature_table import FeatureTable
from stream_monitor.core.outcome_batch import OutcomeBatch
from stream_monitor.performance.estimated import Estimate, EstimatedPerformance

CHILD = Path(__file__).with_name("estimated_child.py")
LIMIT_S = 600
SEEDS = {"short": 1, "full": 2}
#: Predictions after which a label comes, and those of a batch.
DELAY, BATCH = 5_000, 500
KEYS = [ModelVersion("model", "1")]
Reading = dict[str, Any]


def estimated(key: Key, form: str, peers: Path) -> Reading:
    """Return the accuracy of each chunk of a stream and its estimates, by seed.

    ``late`` are those of this project with labels that come late, ``none`` without any after the reference, which is
    what NannyML has.
    """
    made = [streams()[key](seed) for seed in range(SEEDS[form])]
    late, none = ([_ours(stream, delay) for stream in made] for delay in (DELAY, ROWS))
    return {
        "kind": key[0],
        "realized": [_realized(stream) for stream in made],
        "late": [[each.value for each in row] for row in late],
        "none": [[each.value for each in row] for row in none],
        "bounds": [[[each.lower, each.upper] for each in row] for row in late],
        **_nannyml(made, peers),
    }


def _realized(stream: Stream) -> list[float]:
    correct = (stream.y_pred == stream.y_true)[REFERENCE:].reshape(CHUNKS, CHUNK)
    accuracy: list[float] = correct.mean(axis=1).tolist()
    return accuracy


def _ours(stream: Stream, delay: int) -> list[Estimate]:
    """Return the estimate of each chunk at its end; the labels of the reference come at once."""
    estimator, found, labelled = EstimatedPerformance("classification", CHUNK), [], 0
    for begin in range(0, ROWS, BATCH):
        end = begin + BATCH
        due = end if end <= REFERENCE else max(REFERENCE, end - delay)
        outcomes = _outcomes(stream, slice(labelled, due), end) if due > labelled else None
        estimator.update(_predictions(stream, slice(begin, end)), np.arange(begin, end), outcomes)
        labelled = due
        if end > REFERENCE and (end - REFERENCE) % CHUNK == 0:
            found.append(estimator.estimates()["rolling"])
    return found


def _predictions(stream: Stream, rows: slice) -> PredictionBatch:
    y_pred, scores = _scored(stream, rows)
    count = len(scores)
    features = FeatureTable.of([{}] * count, lambda _: False)
    unknown, zeros = np.full(count, np.nan), np.zeros(count, np.int64)
    return PredictionBatch(np.arange(count), [""] * count, unknown, KEYS, zeros, y_pred, scores, None, None, features)


def _outcomes(stream: Stream, rows: slice, before: int) -> OutcomeBatch:
    """Return outcomes that come before the prediction at this position."""
    y_pred, scores = _scored(stream, rows)
    count, index = len(scores), np.arange(rows.start, rows.stop)
    unknown, y_true = np.full(count, np.nan), stream.y_true[rows].tolist()
    after = np.full(count, before)
    which = np.zeros(count, np.int64)
    return OutcomeBatch(KEYS, which, index, unknown, y_pred, y_true, unknown, after, [""] * count, scores)


def _scored(stream: Stream, rows: slice) -> tuple[list[int], Any]:
    """Return predictions and their scores: the probability of class 1 of two, or of the predicted one of several."""
    probabilities, y_pred = stream.probabilities[rows], stream.y_pred[rows]
    of = 1 if probabilities.shape[1] == 2 else y_pred
    return y_pred.tolist(), probabilities[np.arange(len(y_pred)), of]


def _nannyml(made: Sequence[Stream], peers: Path) -> Reading:
    """Return NannyML's estimates, or why there are none."""
    python = peers / "nannyml" / "bin" / "python"
    if not python.exists():
        return {"missing": "nannyml is not installed: python bench/quality/install_peers.py"}
    with TemporaryDirectory() as folder:
        files = [Path(folder) / f"{seed}.npz" for seed in range(len(made))]
        for file, stream in zip(files, made, strict=True):
            np.savez(file, **stream._asdict(), reference=REFERENCE, chunk=CHUNK)
        done = subprocess.run([python, CHILD, *files], capture_output=True, text=True, timeout=LIMIT_S, check=False)
    if done.returncode:
        return {"missing": (done.stderr.strip().splitlines() or ["no reason given"])[-1]}
    reply = json.loads(done.stdout.splitlines()[-1])
    return {"nannyml": reply["estimates"], "version": reply["version"]}
