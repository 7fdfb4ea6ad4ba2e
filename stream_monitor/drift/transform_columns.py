"""The transforms of many signals side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stream_monitor.core.arrays import Floats
from stream_monitor.drift.transforms import IdentityTransform, ScoreTransform, Transform
from stream_monitor.signals.matrix_part import ColumnMatrix
from stream_monitor.stats.normal_score_columns import NormalScoreColumns


class TransformColumns:
    """Transforms many columns at once, as `Transform.of` does one.

    Attributes:
        key: Equal for transforms that give the same values.

    Args:
        transforms: That of each column.
    """

    def __init__(self, transforms: Sequence[Transform]) -> None:
        self.key = tuple(each.key for each in transforms)
        self._transforms = transforms
        #: The columns that are left as they are.
        self._same = np.array([_is_same(each) for each in transforms])
        scored = [at for at, each in enumerate(transforms) if isinstance(each, ScoreTransform)]
        scores = [each.scores for each in transforms if isinstance(each, ScoreTransform)]
        self._scored, self._scores = np.array(scored, np.int64), NormalScoreColumns(scores)
        self._has_atoms = any(each.atoms.exist for each in scores)
        self._others = np.flatnonzero(~self._same & ~np.isin(np.arange(len(transforms)), scored)).tolist()

    def of(self, matrix: ColumnMatrix) -> Floats:
        """Return the transformed values, shape (m, columns)."""
        if self._same.all():
            return matrix.values
        if len(self._scored) == len(self._same):
            return self._scores_of(matrix)
        result = matrix.values.copy()
        if len(self._scored):
            result[:, self._scored] = self._scores_of(matrix.take(self._scored))
        sizes = matrix.sizes
        for column in filter(sizes.__getitem__, self._others):
            values = self._transforms[column].of(matrix.column(column))
            result[: len(values), column] = values
        return result

    def _scores_of(self, matrix: ColumnMatrix) -> Floats:
        # Without atoms, a score does not depend on the position.
        positions = matrix.positions() if self._has_atoms else np.zeros(len(matrix.values), np.int64)
        return self._scores.of(matrix.values, positions)


def _is_same(transform: Transform) -> bool:
    """Return whether a transform leaves all values as they are."""
    return isinstance(transform, IdentityTransform) and transform.kind == "share"
