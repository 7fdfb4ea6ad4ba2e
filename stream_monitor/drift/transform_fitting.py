"""Fits the transform of a signal to its warm-up or to a profile."""

from __future__ import annotations

from collections.abc import Set

from stream_monitor.core.arrays import ColumnKind
from stream_monitor.drift.transforms import (
    TOP,
    BinaryTransform,
    CategoryTransform,
    ConstantTransform,
    IdentityTransform,
    ScoreTransform,
    TopTransform,
    Transform,
)
from stream_monitor.signals.columns import Column
from stream_monitor.signals.encoder import CategoryEncoder
from stream_monitor.stats.reference import CategoricalReference, NumericReference

#: A profile is not used if at least this share of the warm-up is outside its range, or in unknown categories.
MAX_OUTSIDE = 0.2


def learn_transform(kind: ColumnKind, takes: Set[ColumnKind], warmup: Column, scale: bool) -> tuple[Transform, int]:
    """Learn the transform of a signal from its warm-up.

    Categories are learned from the first half alone: the other half then tells how many unseen ones are usual.

    Args:
        kind: The kind of the signal's values.
        takes: The kinds that the detector reads.
        warmup: The values to learn from.
        scale: Whether numbers are turned into normal scores.

    Returns:
        The transform, and the row of the warm-up from which on values are fed.
    """
    if kind == "category":
        half = len(warmup.values) // 2
        learned = CategoryTransform if "category" in takes else TopTransform
        return learned.learn(warmup.values[: max(half, 1)]), half
    if kind == "share" or not scale:
        return IdentityTransform(kind), 0
    reference = NumericReference.learn(warmup.values)
    return _number_transform(reference), 0


def _number_transform(reference: NumericReference) -> Transform:
    if reference.distinct == 1:
        return ConstantTransform(reference.minimum)
    if reference.distinct == 2:
        return BinaryTransform(reference.minimum, reference.maximum)
    return ScoreTransform(reference)


def profile_transform(
    reference: NumericReference | CategoricalReference,
    takes: Set[ColumnKind],
    warmup: Column,
    categories: CategoryEncoder | None,
) -> Transform | None:
    """Return the transform of a profile's reference, None where the warm-up shows that the profile does not fit.

    Where most values are outside the profile's range, all have the score of its end, and no change shows in them.
    """
    if isinstance(reference, NumericReference):
        outside = (warmup.values < reference.minimum) | (warmup.values > reference.maximum)
        return _number_transform(reference) if outside.mean() < MAX_OUTSIDE else None
    if categories is None or not reference.categories:
        return None
    codes = [int(code) for code in categories.column(reference.categories).tolist()]
    transform = (CategoryTransform if "category" in takes else TopTransform)(codes[:TOP], codes[TOP:])
    return transform if (transform.rows(warmup.values) == transform.unseen).mean() < MAX_OUTSIDE else None
