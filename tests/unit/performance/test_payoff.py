"""Payoffs as they are written, and what is wrong with them."""

from __future__ import annotations

import numpy as np
import pytest

from stream_monitor.performance.confusion import SHAPE
from stream_monitor.performance.payoff import Payoff, mean_payoff


def test_spellings_of_a_class_are_one() -> None:
    values = Payoff.parse(" 1.0 , true = 2 ; no,yes=-0.5;").matrix([True, 1, "yes", "no"])
    assert values[0, 1] == 2.0 and values[2, 3] == -0.5
    assert np.count_nonzero(values) == 2


def test_a_number_and_the_text_of_it_have_the_same_value() -> None:
    values = Payoff.parse("1,yes=3").matrix(["yes", 1, "1"])
    assert values[0, 1] == values[0, 2] == 3.0
    assert np.count_nonzero(values) == 2


def test_the_mean_is_that_of_the_outcomes() -> None:
    counts = np.zeros(SHAPE)
    counts[0, 0], counts[1, 0] = 3.0, 1.0
    assert mean_payoff(counts, Payoff.parse("a,a=10;a,b=-50").matrix(["a", "b"])) == -5.0


def test_a_class_that_never_came_is_known() -> None:
    assert Payoff.parse("yes,yes=1;yes,maybe=2;1,1=3").unknown(["yes", 1]) == ["maybe"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("yes", "'yes' is no payoff; allowed: PREDICTED,TRUE=VALUE"),
        ("yes=1", "'yes=1' is no payoff"),
        ("a,b,c=1", "'a,b,c=1' is no payoff"),
        (",b=1", "',b=1' is no payoff"),
        ("a,b=ten", "'a,b=ten': 'ten' is no number"),
        ("a,b=inf", "'inf' is no number"),
        ("a,b=true", "'true' is no number"),
        ("a,b=1;a,b=2", "'a,b=2': a value for a,b was given before"),
        (" ; ", "names no pair"),
    ],
)
def test_what_is_malformed_is_told_in_one_line(text: str, told: str) -> None:
    with pytest.raises(ValueError) as error:
        Payoff.parse(text)
    assert told in str(error.value)
    assert "allowed: PREDICTED,TRUE=VALUE" in str(error.value) and "\n" not in str(error.value)
