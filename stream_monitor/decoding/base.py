"""The interface of a decoder: from the bytes of a record to the mapping that they hold."""

from __future__ import annotations

from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict


class Decoder(Protocol):
    """Decodes records' bytes."""

    def decode(self, value: bytes) -> dict[str, Any]:
        """Return the mapping that these bytes hold.

        Raises:
            RecordError: The bytes hold none; its reason and detail say why.
        """
        ...


class DecoderConfig(BaseModel):
    """The base of every decoder's config. Subclasses add ``kind``, a `Literal` with a default, and parameters."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, allow_inf_nan=False)

    def make(self) -> Decoder:
        """Return a decoder with these parameters."""
        raise NotImplementedError
