"""States as JSON, with their parts inside."""

from __future__ import annotations

from typing import Any

import orjson

from stream_monitor.core.newest import Newest
from stream_monitor.core.part import Part


def plain(value: Any) -> Any:
    """Return the JSON value of a part, of newest values, and of any other sequence."""
    if isinstance(value, Part):
        return dict(value)
    return [value.count, *value] if isinstance(value, Newest) else list(value)


def state_json(state: Any) -> bytes:
    """Return a whole state as JSON with sorted keys; two are equal if and only if their states are."""
    return orjson.dumps(state, default=plain, option=orjson.OPT_SORT_KEYS)


def is_of_state(key: bytes) -> bool:
    """Return whether a key of a checkpoint's store is of the state: the number of records depends on the saves."""
    return key == b"state" or key[:1] in (b"p", b"v")
