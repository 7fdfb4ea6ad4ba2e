"""What a reference is as JSON: its fields, and what is checked when they are read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np


def listed(value: Any) -> Any:
    """A field as JSON has it."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    return list(value) if isinstance(value, tuple) else value


def check_keys(state: Mapping[str, Any], wanted: Iterable[str]) -> None:
    if not isinstance(state, Mapping) or set(state) != set(wanted):
        raise ValueError(f"must be an object with the keys {', '.join(wanted)}")


def whole(value: Any, name: str) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(f"{name} must be whole numbers from 0")
    return value
