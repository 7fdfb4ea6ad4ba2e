"""Codes of groups' values: bounded, and in the order in which the values came."""

from __future__ import annotations

from unittest.mock import patch

import numpy as np
import pytest

from stream_monitor.performance import subgroup_codes
from stream_monitor.performance.subgroup_codes import MAX_VALUES, MISSING, OTHER, SubgroupCodes


def test_values_past_the_bound_share_a_code() -> None:
    codes = SubgroupCodes(["zip"])
    found = codes.encode([f"zip={at}" for at in range(1000)])[:, 0].tolist()
    assert found == [*range(MAX_VALUES), *[OTHER] * (1000 - MAX_VALUES)]
    assert codes.encode(["zip=3", "zip=", None, "zip=other", "zip=missing"])[:, 0].tolist() == [
        *(3, MISSING, MISSING, OTHER, MISSING)
    ]


def test_an_intersection_is_bounded_by_itself() -> None:
    codes = SubgroupCodes(["a", "b", "a & b"])
    for at in range(100):
        codes.learn([f"a={at % 10}\x1fb={at // 10}"])
    assert len(codes.names["a"]) == len(codes.names["b"]) == 10
    assert codes.names["a & b"] == [f"{at % 10} & {at // 10}" for at in range(MAX_VALUES)]
    assert codes.encode(["a=1\x1fb="]).tolist() == [[1, MISSING, MISSING]]


@pytest.mark.parametrize("kept", [1, 3, 10_000])
def test_forgotten_subgroups_keep_their_codes(kept: int) -> None:
    rng = np.random.default_rng(1)
    subgroups = [f"a={value}" for value in rng.integers(0, 30, 500).tolist()]
    expected = SubgroupCodes(["a"]).encode(subgroups)
    with patch.object(subgroup_codes, "MAX_KNOWN", kept):
        codes = SubgroupCodes(["a"])
        found = np.concatenate([codes.encode(subgroups[at : at + 7]) for at in range(0, 500, 7)])
    assert found.tolist() == expected.tolist()


def test_the_order_of_the_names_is_the_order_of_the_codes() -> None:
    codes = SubgroupCodes(["a", "b"])
    codes.learn(["a=2\x1fb=x", "a=1\x1fb=x"])
    other = SubgroupCodes(["b", "a"])
    for group, names in codes.state().items():
        other.restore(group, names)
    assert other.encode(["a=1\x1fb=x"]).tolist() == [[0, 1]]
