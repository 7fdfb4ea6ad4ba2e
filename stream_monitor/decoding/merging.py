"""Merging of events that were read a column at a time with those that were read one by one."""

from __future__ import annotations

import numpy as np

from stream_monitor.core.arrays import Ints
from stream_monitor.core.event_batch import LabelBatch, PredictionBatch
from stream_monitor.core.feature_table import FeatureTable
from stream_monitor.core.sequences import concat, concat_encoded


def merge_predictions(one: PredictionBatch, other: PredictionBatch, features: FeatureTable) -> PredictionBatch:
    """Return the predictions of both in order of their records; ``features`` are those of one and then the other."""
    sizes = len(one), len(other)
    keys, which = concat_encoded([(one.keys, one.which), (other.keys, other.which)])
    return PredictionBatch(
        np.concatenate((one.at, other.at)),
        [*one.ids, *other.ids],
        np.concatenate((one.ts, other.ts)),
        keys,
        which,
        [*one.y_pred, *other.y_pred],
        np.concatenate((one.scores, other.scores)),
        concat((one.y_true, other.y_true), sizes, None),
        concat((one.groups, other.groups), sizes, None),
        features,
        concat((one.probabilities, other.probabilities), sizes, None),
        concat((one.subgroups, other.subgroups), sizes, None),
    ).take(_order(one.at, other.at))


def merge_labels(one: LabelBatch, other: LabelBatch) -> LabelBatch:
    """Return the labels of both in order of their records."""
    sizes = len(one), len(other)
    return LabelBatch(
        np.concatenate((one.at, other.at)),
        [*one.ids, *other.ids],
        np.concatenate((one.ts, other.ts)),
        [*one.y_true, *other.y_true],
        concat((one.models, other.models), sizes, None),
        concat((one.versions, other.versions), sizes, None),
    ).take(_order(one.at, other.at))


def _order(one: Ints, other: Ints) -> Ints:
    return np.argsort(np.concatenate((one, other)), kind="stable")
