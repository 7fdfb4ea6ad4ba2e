"""Schemas of single features: their type, and the values that are allowed."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from stream_monitor.contract.pattern import Pattern
from stream_monitor.contract.violation import Rule
from stream_monitor.core.events import FeatureType
from stream_monitor.core.feature_values import ABSENT, as_float
from stream_monitor.core.formatting import counted
from stream_monitor.stats.reference import category_name
from stream_monitor.stats.reference.categorical import MAX_CATEGORY_LENGTH

#: Allowed categories of a feature at most.
MAX_CATEGORIES = 10_000
#: Allowed categories that a message names.
MAX_NAMED = 5
_NUMBERS = frozenset((int, float, bool))


def is_missing(value: Any) -> bool:
    """Return whether a value counts as missing: null, absent, or a number that is not finite."""
    return value is None or value is ABSENT or (type(value) in _NUMBERS and math.isnan(as_float(value)))


class FeatureSchema(BaseModel):
    """The base of the schema of a feature.

    Attributes:
        type: The type of the values.
        required: True if an event must have a value; False if it may be null or absent.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, hide_input_in_errors=True
    )

    type: str
    required: bool = True

    def broken_by(self, value: Any) -> Rule | None:
        """Return the rule that a value breaks; None if it is allowed."""
        if is_missing(value):
            return Rule.MISSING if self.required else None
        return self.broken_by_present(value)

    def broken_by_present(self, value: Any) -> Rule | None:
        """Return the rule that a value which is not missing breaks; None if it is allowed."""
        raise NotImplementedError

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules that a value can break."""
        limit = self.limit
        missing = (Rule.MISSING,) if self.required else ()
        return (*missing, Rule.TYPE, *((limit,) if limit else ()))

    @property
    def limit(self) -> Rule | None:
        """The rule that a value of the right type can break; None if all are allowed."""
        return None

    @property
    def expected(self) -> str:
        """The values that are allowed, in words."""
        raise NotImplementedError

    @property
    def noun(self) -> str:
        """The type, in words."""
        return f"a {self.type}"

    @property
    def feature_type(self) -> FeatureType:
        """The type that detectors take the feature for."""
        return "categorical"


class NumberSchema(FeatureSchema):
    """A number; true and false count as 1 and 0."""

    type: Literal["number"] = "number"
    minimum: float | None = None
    maximum: float | None = None

    @model_validator(mode="after")
    def _in_order(self) -> NumberSchema:
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            low, high = number_text(self.minimum), number_text(self.maximum)
            raise ValueError(f"maximum {high} is below minimum {low}; allowed: the minimum or more")
        return self

    def broken_by_present(self, value: Any) -> Rule | None:
        if type(value) not in _NUMBERS or not self.is_of_type(as_float(value)):
            return Rule.TYPE
        low, high = self.bounds
        return None if low <= as_float(value) <= high else Rule.RANGE

    def is_of_type(self, number: float) -> bool:
        """Return whether a finite number is of the type, whatever its range."""
        del number
        return True

    @property
    def bounds(self) -> tuple[float, float]:
        """The smallest and the largest number that are allowed; infinite without a bound."""
        low, high = self.minimum, self.maximum
        return -math.inf if low is None else low, math.inf if high is None else high

    @property
    def limit(self) -> Rule | None:
        return Rule.RANGE if self.minimum is not None or self.maximum is not None else None

    @property
    def expected(self) -> str:
        return f"{self.noun}{self._range}"

    @property
    def feature_type(self) -> FeatureType:
        return "numeric"

    @property
    def _range(self) -> str:
        if self.minimum is not None and self.maximum is not None:
            return f" from {number_text(self.minimum)} to {number_text(self.maximum)}"
        if self.minimum is not None:
            return f" of at least {number_text(self.minimum)}"
        return "" if self.maximum is None else f" of at most {number_text(self.maximum)}"


class IntegerSchema(NumberSchema):
    """A whole number, also one that is written as 3.0."""

    type: Literal["integer"] = "integer"  # type: ignore[assignment]

    def is_of_type(self, number: float) -> bool:
        return number.is_integer()

    @property
    def noun(self) -> str:
        return "a whole number"


class BooleanSchema(FeatureSchema):
    """A truth value: true or false, or 1 or 0."""

    type: Literal["boolean"] = "boolean"

    def broken_by_present(self, value: Any) -> Rule | None:
        return None if type(value) in _NUMBERS and value in (0, 1) else Rule.TYPE

    @property
    def noun(self) -> str:
        return "true or false"

    @property
    def expected(self) -> str:
        return self.noun

    @property
    def feature_type(self) -> FeatureType:
        return "numeric"


class CategorySchema(FeatureSchema):
    """A category: a text, a number or a truth value; where they are listed, one of these."""

    type: Literal["category"] = "category"
    categories: tuple[str, ...] | None = Field(None, strict=False)

    @field_validator("categories", mode="before")
    @classmethod
    def _as_names(cls, value: Any) -> Any:
        if not isinstance(value, list | tuple):
            return value
        if any(type(each) not in (str, int, float, bool) for each in value):
            raise ValueError("must be texts, numbers or truth values")
        if not 1 <= len(value) <= MAX_CATEGORIES:
            raise ValueError(f"a list of {counted(len(value), 'value')}; allowed: 1 to {MAX_CATEGORIES:,}")
        names = [category_name(each) for each in value]
        if long := [name for name in names if len(name) >= MAX_CATEGORY_LENGTH]:
            raise ValueError(f"{long[0][:20]!r}... is too long; allowed: below {MAX_CATEGORY_LENGTH} characters")
        return tuple(dict.fromkeys(names))

    @cached_property
    def allowed(self) -> frozenset[str] | None:
        """The categories that are allowed; None for any."""
        return None if self.categories is None else frozenset(self.categories)

    def broken_by_present(self, value: Any) -> Rule | None:
        if type(value) is not str and type(value) not in _NUMBERS:
            return Rule.TYPE
        return None if self.allowed is None or category_name(value) in self.allowed else Rule.CATEGORY

    @property
    def limit(self) -> Rule | None:
        return None if self.categories is None else Rule.CATEGORY

    @property
    def expected(self) -> str:
        if self.categories is None:
            return "a category (a text or a number)"
        if len(self.categories) == 1:
            return self.categories[0]
        if len(self.categories) <= MAX_NAMED + 1:
            return f"{', '.join(self.categories[:-1])} or {self.categories[-1]}"
        rest = len(self.categories) - MAX_NAMED
        return f"{', '.join(self.categories[:MAX_NAMED])} or one of {counted(rest, 'other')}"


class TextSchema(FeatureSchema):
    """A text, in which a pattern may have to be found."""

    type: Literal["text"] = "text"
    pattern: str | None = None

    @field_validator("pattern")
    @classmethod
    def _can_be_matched(cls, value: str | None) -> str | None:
        if value is not None:
            Pattern(value)
        return value

    @cached_property
    def compiled(self) -> Pattern | None:
        """The pattern, compiled; None without one."""
        return None if self.pattern is None else Pattern(self.pattern)

    def broken_by_present(self, value: Any) -> Rule | None:
        if type(value) is not str:
            return Rule.TYPE
        return None if self.compiled is None or self.compiled.is_in(value) else Rule.PATTERN

    @property
    def limit(self) -> Rule | None:
        return None if self.pattern is None else Rule.PATTERN

    @property
    def expected(self) -> str:
        return "a text" if self.pattern is None else f"a text that matches {self.pattern}"


#: The schema of a feature, by its type.
AnyFeature = Annotated[
    NumberSchema | IntegerSchema | BooleanSchema | CategorySchema | TextSchema, Field(discriminator="type")
]


def number_text(number: float) -> str:
    """Return a number as one writes it: exactly, and whole ones without a point.

    >>> number_text(18.0), number_text(0.1), number_text(1e20)
    ('18', '0.1', '1e+20')
    """
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)
