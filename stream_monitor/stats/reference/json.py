"""Conversion of a reference's fields to JSON values, and checks of fields read from JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np


def listed(value: Any) -> Any:
    """Return a field as a JSON value: arrays and tuples as lists."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    return list(value) if isinstance(value, tuple) else value


def check_keys(state: Mapping[str, Any], wanted: Iterable[str]) -> None:
    """Raise a `ValueError` unless the state is an object with exactly the wanted keys."""
    if not isinstance(state, Mapping) or set(state) != set(wanted):
        raise ValueError(f"must be an object with the keys {', '.join(wanted)}")


def whole(value: Any, name: str) -> int:
    """Return a value that is an integer from 0; raise a `ValueError` that contains ``name`` for any other."""
    if type(value) is not int or value < 0:
        raise ValueError(f"{name} must be whole numbers from 0")
    return value
