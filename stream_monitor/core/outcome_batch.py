"""Batches of outcomes as columns, in the order in which they are emitted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat

import numpy as np

from stream_monitor.core.arrays import Floats, Ints, optional, optional_floats
from stream_monitor.core.events import ModelVersion, Outcome, Probabilities, Target
from stream_monitor.core.sequences import Rows, concat, concat_encoded, encode, take


@dataclass(frozen=True, slots=True)
class OutcomeBatch:
    """Outcomes as columns of n values.

    Attributes:
        keys: Model versions; some may have no outcome in this batch.
        which: For each outcome the position of its model version in ``keys``, shape (n,).
        index: Positions of their predictions in the stream, shape (n,).
        ts: Event times of their predictions in seconds, NaN where unknown, shape (n,).
        y_pred: What was predicted.
        y_true: What was true.
        delays: Seconds from prediction to label, NaN where unknown, shape (n,).
        before: The position of the prediction that comes next in the stream after the outcome, shape (n,), rising.
        ids: The ids of the predictions.
        scores: Scores of the predictions, NaN where there is none, shape (n,).
        probabilities: The probabilities by class, None where there are none; None: no prediction has any.
        subgroups: The subgroups of the predictions, None where there is none; None: no prediction has one.
    """

    keys: Sequence[ModelVersion]
    which: Ints
    index: Ints
    ts: Floats
    y_pred: Sequence[Target]
    y_true: Sequence[Target]
    delays: Floats
    before: Ints
    ids: Sequence[str]
    scores: Floats
    probabilities: Sequence[Probabilities | None] | None = None
    subgroups: Sequence[str | None] | None = None

    @classmethod
    def of(cls, outcomes: Sequence[Outcome], before: Sequence[int]) -> OutcomeBatch:
        """Return outcomes as columns."""
        keys, which = encode([one.key for one in outcomes])
        return cls(
            keys,
            which,
            np.array([one.index for one in outcomes], np.int64),
            optional_floats([one.ts for one in outcomes]),
            [one.y_pred for one in outcomes],
            [one.y_true for one in outcomes],
            optional_floats([one.delay for one in outcomes]),
            np.array(before, np.int64),
            [one.id for one in outcomes],
            optional_floats([one.score for one in outcomes]),
            [one.probabilities for one in outcomes]
            if any(one.probabilities is not None for one in outcomes)
            else None,
            [one.subgroup for one in outcomes] if any(one.subgroup is not None for one in outcomes) else None,
        )

    @classmethod
    def concat(cls, parts: Sequence[OutcomeBatch]) -> OutcomeBatch:
        """Return the outcomes of several batches, in order."""
        parts = [part for part in parts if len(part)]
        if len(parts) == 1:
            return parts[0]
        if not parts:
            return cls.of((), ())
        keys, which = concat_encoded([(part.keys, part.which) for part in parts])
        return cls(
            keys,
            which,
            np.concatenate([part.index for part in parts]),
            np.concatenate([part.ts for part in parts]),
            [value for part in parts for value in part.y_pred],
            [value for part in parts for value in part.y_true],
            np.concatenate([part.delays for part in parts]),
            np.concatenate([part.before for part in parts]),
            [identity for part in parts for identity in part.ids],
            np.concatenate([part.scores for part in parts]),
            concat([part.probabilities for part in parts], [len(part) for part in parts], None),
            concat([part.subgroups for part in parts], [len(part) for part in parts], None),
        )

    def __len__(self) -> int:
        return len(self.which)

    def __iter__(self) -> Iterator[Outcome]:
        """Yield the outcomes, in order."""
        keys = (self.keys[which] for which in self.which.tolist())
        ts, delays = map(optional, self.ts.tolist()), map(optional, self.delays.tolist())
        scores, probabilities = map(optional, self.scores.tolist()), self.probabilities or repeat(None)
        columns = self.index.tolist(), ts, self.y_pred, self.y_true, delays, scores, probabilities
        return map(Outcome, keys, *columns, self.subgroups or repeat(None), self.ids)

    def take(self, rows: Rows) -> OutcomeBatch:
        """Return some of the outcomes, in this order."""
        return OutcomeBatch(
            self.keys,
            self.which[rows],
            self.index[rows],
            self.ts[rows],
            take(self.y_pred, rows),
            take(self.y_true, rows),
            self.delays[rows],
            self.before[rows],
            take(self.ids, rows),
            self.scores[rows],
            None if self.probabilities is None else take(self.probabilities, rows),
            None if self.subgroups is None else take(self.subgroups, rows),
        )
