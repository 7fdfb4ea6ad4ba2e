"""Parts of a state that never change."""

from __future__ import annotations

from functools import cached_property
from hashlib import blake2b
from typing import Any

import orjson


class Frozen(dict[str, Any]):
    """A part that never changes. It is read as the dict that it is."""

    @cached_property
    def name(self) -> str:
        """The same for the same content."""
        return blake2b(orjson.dumps(self), digest_size=16).hexdigest()
