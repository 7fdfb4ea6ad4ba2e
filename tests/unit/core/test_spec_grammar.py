"""The grammar of a kind with its parameters."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field, model_validator

from stream_monitor.core.spec_grammar import kinds_of, parameters_of, parse_config, usages


class Square(BaseModel):
    kind: Literal["square"] = "square"
    side: float = Field(1.0, gt=0)


class Ring(BaseModel):
    kind: Literal["ring"] = "ring"
    inner: float = 1.0
    outer: float = 2.0

    @model_validator(mode="after")
    def _in_order(self) -> Ring:
        if self.inner >= self.outer:
            raise ValueError("inner must be below outer")
        return self


KINDS = kinds_of(Square | Ring)


@pytest.mark.parametrize("union", [Square | Ring, Annotated[Square | Ring, Field(discriminator="kind")]])
def test_the_kinds_of_a_union(union: object) -> None:
    assert kinds_of(union) == {"square": Square, "ring": Ring}


def test_the_kind_of_a_single_class() -> None:
    assert kinds_of(Square) == {"square": Square}


def test_parameters_of_leaves_out_the_kind() -> None:
    assert parameters_of(Ring) == ["inner", "outer"]


@pytest.mark.parametrize(
    ("text", "config"),
    [
        ("square", Square()),
        ("square:", Square()),
        ("square:side=2", Square(side=2)),
        ("ring: inner = 2 , outer = 3,", Ring(inner=2, outer=3)),
    ],
)
def test_good(text: str, config: BaseModel) -> None:
    assert parse_config(text, KINDS, "shape") == config


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("circle", "'circle': unknown shape 'circle'; allowed: ring, square"),
        ("", "'': unknown shape ''; allowed: ring, square"),
        ("square:side", "'square:side': 'side' is not PARAMETER=VALUE"),
        ("square:kind=ring", "'square:kind=ring': square has no parameter 'kind'; allowed: side"),
        ("square:side=0", "'square:side=0': square.side: Input should be greater than 0"),
        ("ring:inner=2", "'ring:inner=2': ring: inner must be below outer"),
    ],
)
def test_an_error_names_what_is_wrong_and_what_is_allowed(text: str, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_config(text, KINDS, "shape")
    assert str(caught.value) == message


def test_an_error_quotes_the_whole_text() -> None:
    with pytest.raises(ValueError, match=r"^'x=circle': unknown shape 'circle'"):
        parse_config("circle", KINDS, "shape", shown="x=circle")


class Port(BaseModel):
    kind: Literal["port"] = "port"
    number: int


def test_usages_show_each_kind_with_its_defaults() -> None:
    assert usages(kinds_of(Ring | Port)) == "ring:inner=1.0,outer=2.0, port:number=..."
