"""Export of an input contract as JSON Schema, draft 2020-12."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stream_monitor.contract.feature import CategorySchema, FeatureSchema, NumberSchema, TextSchema
from stream_monitor.decoding.values import spelled
from stream_monitor.stats.reference import category_name

DRAFT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(features: Mapping[str, FeatureSchema], additional: bool, title: str) -> dict[str, Any]:
    """Return the schema of an object of features.

    It accepts what the contract accepts, but is strict where JSON tells more than a CSV file does: for a number it
    takes no truth value, and for a truth value no number.

    Args:
        features: The schema of each feature, by name.
        additional: True if there may be other features.
        title: The title of the schema.
    """
    return {
        "$schema": DRAFT,
        "title": title,
        "type": "object",
        "properties": {name: _property(schema) for name, schema in features.items()},
        "required": [name for name, schema in features.items() if schema.required],
        "additionalProperties": additional,
    }


def _property(schema: FeatureSchema) -> dict[str, Any]:
    if isinstance(schema, CategorySchema):
        return _category(schema)
    kinds = "string" if isinstance(schema, TextSchema) else schema.type
    found: dict[str, Any] = {"type": kinds if schema.required else [kinds, "null"]}
    if isinstance(schema, NumberSchema):
        bounds = {"minimum": schema.minimum, "maximum": schema.maximum}
        found |= {name: _number(bound) for name, bound in bounds.items() if bound is not None}
    if isinstance(schema, TextSchema) and schema.pattern is not None:
        found["pattern"] = schema.pattern
    return found


def _number(bound: float) -> int | float:
    return int(bound) if bound.is_integer() else bound


def _category(schema: CategorySchema) -> dict[str, Any]:
    """Return the schema of a category; one that spells a number or a truth value may come as such."""
    null = [] if schema.required else [None]
    if schema.categories is None:
        return {"type": ["string", "number", "boolean", *(["null"] if null else [])]}
    values: list[Any] = []
    for name in schema.categories:
        value = spelled(name)
        values += [name] if value is None or category_name(value) != name else [name, value]
    return {"enum": [*values, *null]}
