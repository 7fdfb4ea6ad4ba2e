"""Immutable parts of a state."""

from __future__ import annotations

from functools import cached_property
from hashlib import blake2b
from typing import Any

import orjson


class Frozen(dict[str, Any]):
    """An immutable part of a state: a dict that is not to be changed."""

    @cached_property
    def name(self) -> str:
        """A hash of the content."""
        return blake2b(orjson.dumps(self), digest_size=16).hexdigest()
