"""The input contract of a model: a schema for each feature of its events."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from stream_monitor.contract.explanation import fix, fix_unknown, received
from stream_monitor.contract.feature import AnyFeature
from stream_monitor.contract.json_schema import json_schema
from stream_monitor.contract.loading import load
from stream_monitor.contract.violation import Rule, Violation
from stream_monitor.core.events import Features, FeatureType
from stream_monitor.core.feature_values import ABSENT

#: The version of the file format; a contract with another version can't be read.
FORMAT: Literal[1] = 1
#: Stands for all features that a contract does not have, whose number has no bound.
OTHERS = "(others)"


class InputContract(BaseModel):
    """The rules that the features of an event must keep.

    Attributes:
        contract: The version of the file format.
        additional_features: False if a feature that the contract does not have is a violation.
        features: The schema of each feature, by name.

    >>> age = {"type": "number", "minimum": 18, "maximum": 99}
    >>> contract = InputContract.model_validate({"features": {"age": age}})
    >>> for violation in contract.check({"age": "41"}):
    ...     print(violation)
    age: expected a number from 18 to 99, got the text '41'; send 41 without quotes
    >>> contract.check({"age": 41})
    []
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)

    contract: Literal[1] = FORMAT
    additional_features: bool = True
    features: dict[str, AnyFeature] = Field(min_length=1)

    @classmethod
    def load(cls, path: str | Path) -> InputContract:
        """Read a contract from a YAML file.

        Raises:
            ConfigError: The file can't be read or is no valid contract; one line that says what came and what is
                allowed.
        """
        return load(cls, Path(path))

    def check(self, features: Features) -> list[Violation]:
        """Return the violations in the features of one event, in the order of the contract; none if it is valid.

        Args:
            features: The values by name, of JSON's types.
        """
        unknown = [name for name in features if name not in self.features]
        found = []
        for name, schema in self.features.items():
            value = features.get(name, ABSENT)
            if rule := schema.broken_by(value):
                mend = fix(schema, rule, value, unknown, name)
                found.append(Violation(name, rule, schema.expected, received(value), mend))
        if not self.additional_features:
            absent = [name for name in self.features if name not in features]
            found += [self._unknown(name, features[name], absent) for name in unknown]
        return found

    def _unknown(self, name: str, value: Any, absent: list[str]) -> Violation:
        expected = "no such feature"
        return Violation(name, Rule.UNKNOWN, expected, received(value), fix_unknown(name, absent))

    @property
    def rules(self) -> tuple[tuple[str, Rule], ...]:
        """The rules that an event can break, each with its feature, in the order of the contract."""
        own = [(name, rule) for name, schema in self.features.items() for rule in schema.rules]
        return (*own, *(() if self.additional_features else [(OTHERS, Rule.UNKNOWN)]))

    @property
    def feature_types(self) -> Mapping[str, FeatureType]:
        """The types that detectors take the features for, by name."""
        return {name: schema.feature_type for name, schema in self.features.items()}

    def json_schema(self, title: str = "features of an event") -> dict[str, Any]:
        """Return the contract as a JSON Schema (draft 2020-12) of an event's features."""
        return json_schema(self.features, self.additional_features, title)
