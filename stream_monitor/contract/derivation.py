"""Derivation of an input contract from a profile: the ranges and categories of the training data."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from stream_monitor.contract.feature import (
    AnyFeature,
    BooleanSchema,
    CategorySchema,
    IntegerSchema,
    NumberSchema,
)
from stream_monitor.contract.input_contract import InputContract
from stream_monitor.core.errors import ConfigError
from stream_monitor.profiles.profile import ColumnProfile, Profile
from stream_monitor.stats.reference import CategoricalReference, NumericReference

#: Part of the range of the training data by which a range is wider on each side.
MARGIN = 0.1
#: Values on one end of a range, and their share unless all are whole numbers, from which on it ends there.
MIN_ON_EDGE, MIN_EDGE_SHARE = 10, 0.01
#: Larger whole numbers have neighbours that a float can't tell apart.
MAX_WHOLE = 2.0**53


def derive(profile: Profile) -> InputContract:
    """Return the contract that the training data keeps, with ranges that are a little wider.

    Raises:
        ConfigError: No feature of the profile has a value.
    """
    features = {name: found for name, column in profile.features.items() if (found := _schema(column))}
    if not features:
        raise ConfigError("no feature of the profile has a value, so there is nothing to require")
    return InputContract(features=features)


def _schema(column: ColumnProfile) -> AnyFeature | None:
    """Return the schema of a feature; None for one without values."""
    required = column.missing_share == 0.0
    if column.categorical is not None:
        return CategorySchema(required=required, categories=_categories(column.categorical))
    if column.numeric is None:
        return None
    reference = column.numeric
    is_whole = _is_whole(reference)
    if is_whole and reference.distinct == 2 and (reference.minimum, reference.maximum) == (0.0, 1.0):
        return BooleanSchema(required=required)
    low, high = widened(reference)
    if is_whole:
        return IntegerSchema(required=required, minimum=math.floor(low), maximum=math.ceil(high))
    return NumberSchema(required=required, minimum=low, maximum=high)


def _categories(reference: CategoricalReference) -> tuple[str, ...] | None:
    """Return the categories, the most frequent first; None where the profile does not list them all."""
    return reference.categories if reference.is_complete else None


def widened(reference: NumericReference) -> tuple[float, float]:
    """Return the range of a reference, on each side a tenth wider and rounded outwards to two digits of its width.

    A side stays as it is if values pile up on it: that is where they end. A range that does not go below 0
    is not widened to below it, and one within 0 and 1 not to above 1: counts, amounts and shares stay what they are.

    >>> widened(NumericReference.learn(np.array([18.0, 33.5, 87.25])))
    (11.0, 95.0)
    >>> widened(NumericReference.learn(np.array([0.1, 0.97])))
    (0.01, 1.0)
    """
    low, high = reference.minimum, reference.maximum
    width = high - low
    if width == 0.0 or not math.isfinite(width):
        return low, high
    digits = 1 - math.floor(math.log10(width))
    floor = _rounded(low - MARGIN * width, digits, math.floor)
    ceiling = _rounded(high + MARGIN * width, digits, math.ceil)
    if not _is_edge(float(reference.upto[0]), reference):
        low = max(floor, 0.0) if low >= 0.0 else floor
    if not _is_edge(float(1.0 - reference.below[-1]), reference):
        high = min(ceiling, 1.0) if low >= 0.0 and high <= 1.0 else ceiling
    return low, high


def _is_edge(share: float, reference: NumericReference) -> bool:
    """Return whether so large a share of the values lies on one end that it is the end of the whole range."""
    return share * reference.count >= MIN_ON_EDGE and (share >= MIN_EDGE_SHARE or _is_whole(reference))


def _is_whole(reference: NumericReference) -> bool:
    largest = max(abs(reference.minimum), abs(reference.maximum))
    return bool((reference.values == np.floor(reference.values)).all()) and largest < MAX_WHOLE


def _rounded(number: float, digits: int, towards: Callable[[float], int]) -> float:
    return round(towards(number * 10.0**digits) / 10.0**digits, max(digits, 0))
