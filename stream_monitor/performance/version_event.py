"""Events in the life of a model version."""

from __future__ import annotations

from typing import Literal, NamedTuple


class VersionEvent(NamedTuple):
    """An event in the life of a model version.

    Attributes:
        event: What has happened.
        model, version: The model version.
        champion: The champion of the model, from then on.
        reason: Why, for a person.
        index: Position of the prediction in the stream that led to it, None where it was an outcome or a setting.
        ts: Event time of that prediction, None where unknown.
        favoured: The better version by a verdict; None for any other event.
    """

    event: Literal["version_first_seen", "promotion", "verdict", "rollback_recommended"]
    model: str
    version: str
    champion: str | None
    reason: str | None = None
    index: int | None = None  # type: ignore[assignment]  # tuple.index is of no use here
    ts: float | None = None
    favoured: str | None = None
