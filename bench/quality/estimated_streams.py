"""Streams of scored predictions with their labels, on which accuracy is estimated: simulated, and of bundled data.

Each has a reference, whose labels are known, and chunks after it. Under covariate shift, the inputs change and the
labels of an input do not; under concept drift it is the other way round.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from river import datasets
from river.datasets import synth
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

Floats = NDArray[np.float64]
#: Rows of the reference, of a chunk, and chunks.
REFERENCE, CHUNK, CHUNKS = 10_000, 5_000, 6
ROWS = REFERENCE + CHUNK * CHUNKS
Kind = Literal["stationary", "covariate shift", "concept drift"]


class Stream(NamedTuple):
    """Scored predictions with their labels: ``probabilities`` by class, shape (n, classes)."""

    probabilities: Floats
    y_pred: NDArray[np.int64]
    y_true: NDArray[np.int64]


Key = tuple[Kind, str]
#: Makes a stream of a seed.
Make = Callable[[int], Stream]


def streams() -> dict[Key, Make]:
    """Return the makers of the streams, by kind and name."""
    found: dict[Key, Make] = {
        ("stationary", "overconfident"): partial(_simulated, 0.0),
        ("covariate shift", "overconfident, easier"): partial(_simulated, 1.5),
        ("covariate shift", "overconfident, harder"): partial(_simulated, -1.0),
        ("concept drift", "SEA"): _sea,
    }
    for name in ("Bananas", "Phishing", "Shuttle", "ImageSegments", "digits"):
        found["stationary", name] = partial(_drawn, name, 0.0)
        found["covariate shift", f"{name}, up"] = partial(_drawn, name, 1.0)
        found["covariate shift", f"{name}, down"] = partial(_drawn, name, -1.0)
    return found


def _simulated(shift: float, seed: int) -> Stream:
    """Return the scores of a model that is too sure of itself, whose inputs get easier, or harder if below 0."""
    rng = np.random.default_rng(seed)
    scale = np.exp(0.5 * shift * _progress())
    logit = rng.normal(0.4, 1.5, ROWS) * scale
    scores = 1.0 / (1.0 + np.exp(-2.0 * logit))
    y_true = rng.random(ROWS) < 1.0 / (1.0 + np.exp(-logit))
    return _stream(np.column_stack((1.0 - scores, scores)), y_true.astype(np.int64))


def _progress() -> Floats:
    """Return how far the shift is at each row: 0 in the reference and first chunk, then up to 1."""
    return np.clip((np.arange(ROWS) - REFERENCE - CHUNK) / (CHUNK * (CHUNKS - 2)), 0.0, 1.0)


def _drawn(name: str, shift: float, seed: int) -> Stream:
    """Return rows of a data set, drawn with weights that move along the feature that varies most with correctness."""
    pool, along = _pool(name)
    rng = np.random.default_rng(seed)
    ranks = np.argsort(np.argsort(along, kind="stable"), kind="stable") / len(along) - 0.5
    rows = np.empty(ROWS, np.int64)
    for begin in range(0, ROWS, 1000):
        weights = np.exp(3.0 * shift * _progress()[begin] * ranks)
        rows[begin : begin + 1000] = rng.choice(len(along), 1000, p=weights / weights.sum())
    return Stream(*(column[rows] for column in pool))


@cache
def _pool(name: str) -> tuple[Stream, Floats]:
    """Return the test rows of a data set with the scores of a model, and the feature along which they shift."""
    features, labels = _table(name)
    order = np.random.default_rng(0).permutation(len(labels))
    train, test = order[: len(order) // 3], order[len(order) // 3 :]
    make = GaussianNB() if name in ("Bananas", "Shuttle", "digits") else LogisticRegression(max_iter=500)
    model = make_pipeline(StandardScaler(), make).fit(features[train], labels[train])
    stream = _stream(model.predict_proba(features[test]), labels[test])
    correct = stream.y_pred == stream.y_true
    strength = [abs(np.corrcoef(column, correct)[0, 1]) if column.std() else 0.0 for column in features[test].T]
    return stream, features[test][:, int(np.nanargmax(strength))]


def _table(name: str) -> tuple[Floats, NDArray[np.int64]]:
    if name == "digits":
        features, labels = load_digits(return_X_y=True)
        return features, labels.astype(np.int64)
    rows = list(getattr(datasets, name)())
    names = sorted(rows[0][0])
    features = np.array([[float(x[each]) for each in names] for x, _ in rows])
    _, labels = np.unique([str(y) for _, y in rows], return_inverse=True)
    return features, labels.astype(np.int64)


def _sea(seed: int) -> Stream:
    """Return a model of one SEA concept whose labels come from another one in the last chunks."""

    def rows(variant: int, count: int, at: int) -> Iterator[Any]:
        return synth.SEA(variant=variant, noise=0.1, seed=seed * 10 + at).take(count)

    half = ROWS - 3 * CHUNK
    parts = [list(rows(0, 3000, 0)), [*rows(0, half, 1), *rows(2, ROWS - half, 2)]]
    (train, y_train), (test, y_test) = (
        (np.array([list(x.values()) for x, _ in part]), np.array([int(y) for _, y in part])) for part in parts
    )
    model = LogisticRegression().fit(train, y_train)
    return _stream(model.predict_proba(test), y_test)


def _stream(probabilities: Floats, y_true: NDArray[np.int64]) -> Stream:
    return Stream(probabilities, probabilities.argmax(axis=1), y_true)
