"""The interface of a sink of notices.

A sink lives in a file of its own: a frozen pydantic config with a literal ``kind`` and checked ranges, and the class
it makes. One line in ``actions/__init__.py`` adds it to the union; the flag, documentation and contract tests follow
from there.
"""

from __future__ import annotations

from typing import Protocol

from pydantic import BaseModel, ConfigDict

from stream_monitor.actions.notice import Notice
from stream_monitor.core.clock import Clock


class Sink(Protocol):
    """Delivers notices."""

    def send(self, notice: Notice) -> None:
        """Deliver one notice. After a crash or an error it may come again, with the same id.

        Raises:
            SinkError: Delivery is not possible now; the outbox tries again.
        """
        ...


class SinkConfig(BaseModel):
    """The base of every sink's config: subclasses narrow ``kind`` to a `Literal` with a default."""

    kind: str

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, allow_inf_nan=False)

    def make(self, clock: Clock) -> Sink:
        """Return a sink with these parameters."""
        raise NotImplementedError
