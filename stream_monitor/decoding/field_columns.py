"""Columns of native fields, as received: what the records of a batch hold before it is checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from stream_monitor.core.arrays import Bools, Ints
from stream_monitor.core.event_batch import LabelBatch, PredictionBatch
from stream_monitor.core.feature_table import FeatureTable
from stream_monitor.core.sequences import take
from stream_monitor.decoding.columns import read_column
from stream_monitor.decoding.event_time import EventTimes
from stream_monitor.decoding.identity import ModelVersions, read_ids, read_names
from stream_monitor.decoding.prediction import read_groups
from stream_monitor.decoding.targets import Targets
from stream_monitor.decoding.values import read_scores


@dataclass(frozen=True, slots=True)
class FieldColumns:
    """The native fields of n records, None where a record has none.

    Attributes:
        at: The row of each record in its batch, rising, shape (n,).
        stamps: The times of the records in milliseconds, negative where unknown, shape (n,).
        features: The features.
        is_text: True where the values are cells of a table whose cells are all text.
        ids, ts, models, versions, predictions, scores, groups, labels: The values as received, n of each.
    """

    at: Ints
    stamps: Ints
    features: FeatureTable
    is_text: bool
    ids: Sequence[Any]
    ts: Sequence[Any]
    models: Sequence[Any]
    versions: Sequence[Any]
    predictions: Sequence[Any]
    scores: Sequence[Any]
    groups: Sequence[Any]
    labels: Sequence[Any]

    def __len__(self) -> int:
        return len(self.at)

    def take(self, rows: Ints) -> FieldColumns:
        """Return some of the records, in this order."""
        fields = (self.ids, self.ts, self.models, self.versions, self.predictions, self.scores, self.groups)
        columns = [take(values, rows) for values in (*fields, self.labels)]
        return FieldColumns(self.at[rows], self.stamps[rows], self.features.take(rows), self.is_text, *columns)


class ColumnReader:
    """Makes predictions and labels of columns of fields: the checks of `PredictionReader` and `LabelReader`.

    What they would reject, or what is rare, is left out: the codec reads those records.
    """

    def __init__(self, times: EventTimes, targets: Targets, versions: ModelVersions) -> None:
        self._times, self._targets, self._versions = times, targets, versions

    def read(self, fields: FieldColumns, are_labels: bool) -> tuple[PredictionBatch, LabelBatch]:
        """Return the predictions and labels of records.

        Args:
            fields: The fields of n records.
            are_labels: True for records of label topics.
        """
        if are_labels:
            return PredictionBatch.of((), ()), self._read_labels(fields)
        if fields.predictions.count(None) == 0:
            return self._read_predictions(fields), LabelBatch.of((), ())
        predicts = np.array([value is not None for value in fields.predictions], bool)
        predictions, labels = (fields.take(np.flatnonzero(which)) for which in (predicts, ~predicts))
        return self._read_predictions(predictions), self._read_labels(labels)

    def _read_predictions(self, fields: FieldColumns) -> PredictionBatch:
        refused: set[int] = set()
        ids = read_ids(fields.ids, refused)
        ts, replaced = self._times.read_column(fields.ts, fields.stamps, refused)
        keys, which = self._versions.read_column(fields.models, fields.versions, refused)
        y_pred = self._targets.read_column(fields.predictions, "prediction", fields.is_text, refused)
        scores, probabilities = read_scores(fields.scores, y_pred, refused)
        y_true = _or_none(self._targets.read_labels(fields.labels, fields.is_text, refused))
        groups = _or_none(fields.groups) and _or_none(
            read_column(fields.groups, lambda some: None if some is None else read_groups(some), refused)
        )
        columns = fields.at, ids, ts, keys, which, y_pred, scores, y_true, groups, fields.features, probabilities
        batch = PredictionBatch(*columns)
        kept = self._keep(len(fields), replaced, refused)
        return batch if kept is None else batch.take(kept)

    def _read_labels(self, fields: FieldColumns) -> LabelBatch:
        refused: set[int] = set()
        ids = read_ids(fields.ids, refused)
        ts, replaced = self._times.read_column(fields.ts, fields.stamps, refused)
        y_true: Sequence[Any] = self._targets.read_labels(fields.labels, fields.is_text, refused)
        refused.update(at for at, value in enumerate(y_true) if value is None)
        models = read_names(fields.models, "model", refused)
        versions = read_names(fields.versions, "version", refused)
        batch = LabelBatch(fields.at, ids, ts, y_true, models, versions)
        kept = self._keep(len(fields), replaced, refused)
        return batch if kept is None else batch.take(kept)

    def _keep(self, n: int, replaced: Bools, refused: set[int]) -> Ints | None:
        """Return the rows that are not refused, None for all; count the times that were replaced."""
        if not refused:
            self._times.replaced += int(replaced.sum())
            return None
        kept = np.ones(n, bool)
        kept[list(refused)] = False
        self._times.replaced += int((replaced & kept).sum())
        return np.flatnonzero(kept)


def _or_none(values: Sequence[Any]) -> Sequence[Any] | None:
    return None if values.count(None) == len(values) else values
