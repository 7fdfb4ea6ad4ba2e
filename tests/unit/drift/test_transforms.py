"""Transforms: the values of each, their inverse, and the categories that have a row."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from stream_monitor.drift.transforms import (
    REST,
    TOP,
    UNSEEN,
    BinaryTransform,
    CategoryTransform,
    ConstantTransform,
    IdentityTransform,
    ScoreTransform,
    TopTransform,
    Transform,
    restore_transform,
)
from stream_monitor.signals.columns import RAW_LIMIT, Column
from stream_monitor.stats.normal_scores import NormalScores
from stream_monitor.stats.reference import NumericReference

REFERENCE = NumericReference.learn(np.random.default_rng(1).normal(size=200))
NUMBERS = np.array([-1.0, 0.0, 0.25, 1.0, 1.5, 2.0])
CODES = np.array([7.0, 2.0, 5.0, 9.0, 0.0, 7.0])
CASES: list[tuple[Transform, Any, str, int]] = [
    (IdentityTransform("share"), [0.0, 1.0, 1.0], "share", 0),
    (IdentityTransform("number"), NUMBERS, "number", 0),
    (BinaryTransform(0.0, 2.0), [0.0, 0.0, 0.0, 0.0, 1.0, 1.0], "share", 0),
    (ConstantTransform(1.0), [1.0, 1.0, 1.0, 0.0, 1.0, 1.0], "share", 0),
    (ScoreTransform(REFERENCE), NormalScores(REFERENCE).of(NUMBERS, np.arange(6)), "number", 0),
    (CategoryTransform([7, 2], [5]), [0.0, 1.0, 2.0, 3.0, 3.0, 0.0], "category", 4),
    (TopTransform([7, 2], [5]), [1.0, 0.0, 0.0, 0.0, 0.0, 1.0], "share", 0),
]


def _column(values: Any) -> Column:
    values = np.asarray(values, dtype=float)
    return Column(values, np.arange(len(values)), np.arange(float(len(values))))


@pytest.mark.parametrize(("transform", "expected", "kind", "categories"), CASES, ids=lambda it: type(it).__name__)
def test_values_kinds_and_states(transform: Transform, expected: Any, kind: str, categories: int) -> None:
    given = CODES if isinstance(transform, CategoryTransform) else NUMBERS
    given = np.array([0.0, 1.0, 1.0]) if isinstance(transform, IdentityTransform) and kind == "share" else given
    again = restore_transform(json.loads(json.dumps(transform.state(), default=lambda it: it.value)))
    assert type(again) is type(transform)
    for each in (transform, again):
        np.testing.assert_array_equal(each.of(_column(given)), expected)
        assert (each.kind, each.categories) == (kind, categories)
        assert each.state()["transform"] == transform.state()["transform"]


def test_numbers_without_a_warm_up_are_clipped_and_shares_are_not() -> None:
    values = _column([-1e300, 1e300])
    assert IdentityTransform("number").of(values).tolist() == [-RAW_LIMIT, RAW_LIMIT]
    assert IdentityTransform("share").of(values) is values.values


def test_only_scores_and_the_share_of_one_of_two_numbers_have_an_inverse() -> None:
    assert ScoreTransform(REFERENCE).inverse(0.5) == NormalScores(REFERENCE).value(0.5)
    assert BinaryTransform(-1.0, 3.0).inverse(0.25) == 0.0
    assert [BinaryTransform(-1.0, 3.0).inverse(share) for share in (-0.1, 1.1)] == [-1.0, 3.0]
    for transform, *_ in CASES:
        assert isinstance(transform, ScoreTransform | BinaryTransform) or transform.inverse(0.5) is None


def test_a_change_wears_out_what_was_learned_unless_its_category_has_a_row() -> None:
    worn = {type(it): [it.wears_out(category) for category in (None, 0, 1, 2, 3)] for it, *_ in CASES}
    always = [True] * 5
    assert worn == {
        IdentityTransform: [False] * 5,
        BinaryTransform: always,
        ConstantTransform: always,
        ScoreTransform: always,
        TopTransform: always,
        CategoryTransform: [True, False, False, True, True],
    }


def test_rows_are_codes_of_the_signal() -> None:
    categories, top = CategoryTransform([7, 2], [5]), TopTransform([7, 2], [5])
    assert [categories.code(row) for row in (0, 1, 2, 3, None)] == [7, 2, REST, UNSEEN, None]
    assert [top.code(row) for row in (0, None)] == [7, 7]
    assert BinaryTransform(0.0, 1.0).code(None) is None


def test_categories_have_the_dependence_of_the_most_frequent() -> None:
    blocks = np.repeat(np.random.default_rng(3).integers(0, 2, 300), 10).astype(float)
    codes = np.where(blocks > 0, 7.0, 2.0)
    transforms: list[Transform] = [CategoryTransform([7, 2], []), TopTransform([7, 2], [])]
    measured = [it.measured(it.of(_column(codes))).tolist() for it in transforms]
    assert measured == [blocks.tolist()] * 2


def test_the_most_frequent_categories_have_rows_and_of_equals_the_lower_code() -> None:
    """The rarest code is the lowest, so that the order of codes is not that of counts."""
    counts = {code: 2 + code // 2 for code in range(1, TOP + 4)}
    codes = np.array([code for code in (0, *counts) for _ in range(counts.get(code, 1))], dtype=float)
    transform = CategoryTransform.learn(np.random.default_rng(1).permutation(codes))
    order = sorted(counts, key=lambda code: (-counts[code], code))
    assert transform.rows(np.array(order[:TOP], dtype=float)).tolist() == list(range(TOP))
    assert transform.rows(np.array([*order[TOP:], 0], dtype=float)).tolist() == [TOP] * 4
    assert transform.rows(np.array([TOP + 4.0, 1e6])).tolist() == [transform.unseen] * 2
