"""Batches of events as columns: predictions and labels, each in the order of the stream."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np

from stream_monitor.core.arrays import Floats, Ints, optional, optional_floats
from stream_monitor.core.events import Label, ModelVersion, Prediction, Probabilities, Rejection, Target
from stream_monitor.core.feature_table import FeatureTable
from stream_monitor.core.sequences import Rows, encode, take
from stream_monitor.core.violations import Violations


@dataclass(frozen=True, slots=True)
class PredictionBatch:
    """Predictions as columns of n values.

    Attributes:
        at: The row of each prediction's record in the batch of records, rising, shape (n,).
        ids: The ids.
        ts: Event times in seconds, NaN where unknown, shape (n,).
        keys: Model versions; some may have no prediction in this batch.
        which: For each prediction the position of its model version in ``keys``, shape (n,).
        y_pred: What was predicted.
        scores: Scores, NaN where there is none, shape (n,).
        y_true: The labels that came with the predictions, None where there is none; None: no prediction has one.
        groups: The groups that the predictions belong to, None where there are none; None: no prediction has any.
        features: The features.
        probabilities: The probabilities by class, None where there are none; None: no prediction has any.
        subgroups: The subgroups, None where there is none; None: no prediction has one.
        violations: The violations of the input contract; None: they were not validated.
    """

    at: Ints
    ids: Sequence[str]
    ts: Floats
    keys: Sequence[ModelVersion]
    which: Ints
    y_pred: Sequence[Target]
    scores: Floats
    y_true: Sequence[Target | None] | None
    groups: Sequence[Mapping[str, str] | None] | None
    features: FeatureTable
    probabilities: Sequence[Probabilities | None] | None = None
    subgroups: Sequence[str | None] | None = None
    violations: Violations | None = None

    @classmethod
    def of(
        cls,
        at: Sequence[int],
        predictions: Sequence[Prediction],
        is_category: Callable[[str], bool] = lambda _: False,
    ) -> PredictionBatch:
        """Return predictions as columns; ``at`` and ``is_category`` as in the attributes and `FeatureTable.of`."""
        keys, which = encode([one.key for one in predictions])
        has_label = any(one.y_true is not None for one in predictions)
        has_probabilities = any(one.probabilities is not None for one in predictions)
        has_groups = any(one.groups is not None for one in predictions)
        return cls(
            np.array(at, np.int64),
            [one.id for one in predictions],
            optional_floats([one.ts for one in predictions]),
            keys,
            which,
            [one.y_pred for one in predictions],
            optional_floats([one.score for one in predictions]),
            [one.y_true for one in predictions] if has_label else None,
            [one.groups for one in predictions] if has_groups else None,
            FeatureTable.of([one.features for one in predictions], is_category),
            [one.probabilities for one in predictions] if has_probabilities else None,
            [one.subgroup for one in predictions] if any(one.subgroup is not None for one in predictions) else None,
        )

    def __len__(self) -> int:
        return len(self.at)

    def take(self, rows: Rows) -> PredictionBatch:
        """Return some of the predictions, in this order."""
        return PredictionBatch(
            self.at[rows],
            take(self.ids, rows),
            self.ts[rows],
            self.keys,
            self.which[rows],
            take(self.y_pred, rows),
            self.scores[rows],
            None if self.y_true is None else take(self.y_true, rows),
            None if self.groups is None else take(self.groups, rows),
            self.features.take(rows),
            None if self.probabilities is None else take(self.probabilities, rows),
            None if self.subgroups is None else take(self.subgroups, rows),
            None if self.violations is None else self.violations.take(rows),
        )

    def event(self, row: int) -> Prediction:
        """Return one prediction without its features."""
        return Prediction(
            self.ids[row],
            optional(self.ts[row]),
            self.keys[self.which[row]],
            self.y_pred[row],
            {},
            optional(self.scores[row]),
            None if self.groups is None else self.groups[row],
            None if self.y_true is None else self.y_true[row],
            None if self.probabilities is None else self.probabilities[row],
            None if self.subgroups is None else self.subgroups[row],
        )


@dataclass(frozen=True, slots=True)
class LabelBatch:
    """Labels as columns of n values.

    Attributes:
        at: The row of each label's record in the batch of records, rising, shape (n,).
        ids: The ids.
        ts: Event times in seconds, NaN where unknown, shape (n,).
        y_true: The targets.
        models, versions: The models and versions that the labels are for, None where they name none; None: no label
            names any.
    """

    at: Ints
    ids: Sequence[str]
    ts: Floats
    y_true: Sequence[Target]
    models: Sequence[str | None] | None = None
    versions: Sequence[str | None] | None = None

    @classmethod
    def of(cls, at: Sequence[int], labels: Sequence[Label]) -> LabelBatch:
        """Return labels as columns."""
        return cls(
            np.array(at, np.int64),
            [one.id for one in labels],
            optional_floats([one.ts for one in labels]),
            [one.y_true for one in labels],
            [one.model for one in labels] if any(one.model is not None for one in labels) else None,
            [one.version for one in labels] if any(one.version is not None for one in labels) else None,
        )

    def __len__(self) -> int:
        return len(self.at)

    def take(self, rows: Rows) -> LabelBatch:
        """Return some of the labels, in this order."""
        return LabelBatch(
            self.at[rows],
            take(self.ids, rows),
            self.ts[rows],
            take(self.y_true, rows),
            None if self.models is None else take(self.models, rows),
            None if self.versions is None else take(self.versions, rows),
        )

    def event(self, row: int) -> Label:
        """Return one label."""
        return Label(
            self.ids[row],
            optional(self.ts[row]),
            self.y_true[row],
            self.models[row] if self.models else None,
            self.versions[row] if self.versions else None,
        )


@dataclass(frozen=True, slots=True)
class EventBatch:
    """The events of a batch of n records.

    Attributes:
        count: n.
        predictions: The predictions.
        labels: The labels that came by themselves.
        rejections: The records that can't be read: their rows, rising, and why.
    """

    count: int
    predictions: PredictionBatch
    labels: LabelBatch
    rejections: Sequence[tuple[int, Rejection]] = field(default=())

    @classmethod
    def of(
        cls,
        events: Sequence[Prediction | Label | Rejection],
        is_category: Callable[[str], bool] = lambda _: False,
    ) -> EventBatch:
        """Return the events of n records, one for each, as columns; ``is_category`` is as in `FeatureTable.of`.

        >>> batch = EventBatch.of([Label("r-1", 5.0, "yes"), Label("r-2", None, "no")])
        >>> len(batch.predictions), batch.labels.ids, batch.labels.ts
        (0, ['r-1', 'r-2'], array([ 5., nan]))
        """
        by_kind: dict[type[Any], list[tuple[int, Any]]] = {Prediction: [], Label: [], Rejection: []}
        for at, event in enumerate(events):
            by_kind[type(event)].append((at, event))
        predictions, labels = ([*zip(*by_kind[kind], strict=True)] or [(), ()] for kind in (Prediction, Label))
        return cls(
            len(events),
            PredictionBatch.of(predictions[0], predictions[1], is_category),
            LabelBatch.of(labels[0], labels[1]),
            by_kind[Rejection],
        )

    def at_rows(self, rows: Ints, count: int) -> EventBatch:
        """Return the events as those of a batch of ``count`` records, of which theirs are at ``rows``."""
        return EventBatch(
            count,
            replace(self.predictions, at=rows[self.predictions.at]),
            replace(self.labels, at=rows[self.labels.at]),
            [(int(rows[at]), rejection) for at, rejection in self.rejections],
        )


class ByVersion(Protocol):
    """Rows that belong to model versions: for each row the position of its version in ``keys``."""

    @property
    def keys(self) -> Sequence[ModelVersion]: ...
    @property
    def which(self) -> Ints: ...
    def __len__(self) -> int: ...


def rows_by_version(batch: ByVersion) -> Iterator[tuple[ModelVersion, Rows]]:
    """Yield the model versions of a batch in order of first appearance, each with its rows."""
    if not len(batch):
        return
    if len(batch.keys) == 1:
        yield batch.keys[0], slice(None)
        return
    codes, first = np.unique(batch.which, return_index=True)
    for code in codes[np.argsort(first)].tolist():
        yield batch.keys[code], np.flatnonzero(batch.which == code)
