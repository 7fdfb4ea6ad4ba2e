"""Merging of events that were read a column at a time with those that were read one by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from stream_monitor.core.arrays import Ints
from stream_monitor.core.event_batch import LabelBatch, PredictionBatch, encode_keys
from stream_monitor.core.feature_table import FeatureTable


def merge_predictions(one: PredictionBatch, other: PredictionBatch, features: FeatureTable) -> PredictionBatch:
    """Return the predictions of both in order of their records; ``features`` are those of one and then the other."""
    n, m = len(one), len(other)
    keys, codes = encode_keys([*one.keys, *other.keys])
    return PredictionBatch(
        np.concatenate((one.at, other.at)),
        [*one.ids, *other.ids],
        np.concatenate((one.ts, other.ts)),
        keys,
        np.concatenate((codes[one.which], codes[len(one.keys) + other.which])),
        [*one.y_pred, *other.y_pred],
        np.concatenate((one.scores, other.scores)),
        _joined(one.y_true, n, other.y_true, m),
        _joined(one.groups, n, other.groups, m),
        features,
    ).take(_order(one.at, other.at))


def merge_labels(one: LabelBatch, other: LabelBatch) -> LabelBatch:
    """Return the labels of both in order of their records."""
    n, m = len(one), len(other)
    return LabelBatch(
        np.concatenate((one.at, other.at)),
        [*one.ids, *other.ids],
        np.concatenate((one.ts, other.ts)),
        [*one.y_true, *other.y_true],
        _joined(one.models, n, other.models, m),
        _joined(one.versions, n, other.versions, m),
    ).take(_order(one.at, other.at))


def _order(one: Ints, other: Ints) -> Ints:
    return np.argsort(np.concatenate((one, other)), kind="stable")


def _joined(one: Sequence[Any] | None, n: int, other: Sequence[Any] | None, m: int) -> Sequence[Any] | None:
    """Return n values and then m others, where None stands for as many Nones."""
    if one is None and other is None:
        return None
    return [*([None] * n if one is None else one), *([None] * m if other is None else other)]
