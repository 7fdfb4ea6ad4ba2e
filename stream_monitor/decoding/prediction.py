"""Predictions out of bodies of records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stream_monitor.core.errors import Reason, RecordError
from stream_monitor.core.events import Features, Prediction
from stream_monitor.core.records import Record, TextRow
from stream_monitor.decoding.event_time import EventTimes
from stream_monitor.decoding.identity import ModelVersions, read_id
from stream_monitor.decoding.targets import SCALAR_TYPES, Targets, is_nan
from stream_monitor.decoding.values import read_cell, read_score_and_probabilities


class PredictionReader:
    """Makes predictions."""

    def __init__(self, times: EventTimes, targets: Targets, versions: ModelVersions) -> None:
        self._read_time, self._read_target, self._read_version = times.read, targets.read, versions.read

    def read(self, body: Mapping[str, Any], record: Record, is_row: bool) -> Prediction:
        """Return the prediction of a body with native names; a `RecordError` says what is wrong with it.

        Args:
            body: The fields by their native names.
            record: The record that the body is from.
            is_row: True for a row of a table, where a column may have a native name by chance.
        """
        get = body.get
        y_pred = get("prediction")
        if y_pred is None:
            raise RecordError(Reason.MISSING_PREDICTION, "neither a prediction nor a label")
        is_text = is_row and type(record.value) is TextRow
        y_pred = self._read_target(y_pred, "prediction", is_text)
        score, y_true, groups = get("score"), get("label"), get("groups")
        score, probabilities = read_cell(score) if is_text else score, None
        if score is not None and type(score) is not float:
            score, probabilities = read_score_and_probabilities(score, y_pred)
        y_true = None if is_nan(y_true) else y_true
        identity, features = get("id"), get("features")
        return Prediction(
            read_id(identity),
            self._read_time(get("ts"), record),
            self._read_version(get("model"), get("version")),
            y_pred,
            features if type(features) is dict and not is_text else _read_features(features, is_text),
            score,
            None if groups is None or (type(groups) is str and is_row) else read_groups(groups),
            None if y_true is None else self._read_target(y_true, "label", is_text),
            probabilities,
        )


def _read_features(features: Any, is_text: bool) -> Features:
    if type(features) is dict:
        return {name: read_cell(value) for name, value in features.items()} if is_text else features
    if features is None:
        return {}
    raise RecordError(Reason.WRONG_TYPE, f"features is a {type(features).__name__}; allowed: an object")


def read_groups(value: Any) -> Mapping[str, str]:
    """Return the groups of a prediction as text; a `RecordError` for anything but a mapping."""
    if not isinstance(value, Mapping):
        raise RecordError(Reason.WRONG_TYPE, f"groups is a {type(value).__name__}; allowed: an object")
    return {name: str(group) for name, group in value.items() if type(group) in SCALAR_TYPES}
