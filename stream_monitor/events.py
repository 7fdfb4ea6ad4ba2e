"""What flows through the pipeline. All are immutable tuples: cheap to make, a million of them bearable."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, NamedTuple

from stream_monitor.errors import Reason

#: A partition by its topic and number.
Place = tuple[str, int]
#: A class or a number, as JSON gives it.
Target = str | int | float | bool
#: A feature's value as received; what is neither number, text nor null is counted as ``other``.
Features = Mapping[str, Any]


class ModelVersion(NamedTuple):
    """One version of one monitored model."""

    model: str
    version: str


class Prediction(NamedTuple):
    """One inference. ``ts`` is in seconds since the epoch, None when nothing told the time."""

    id: str
    ts: float | None
    key: ModelVersion
    y_pred: Target
    features: Features
    score: float | None = None
    groups: Mapping[str, str] | None = None
    y_true: Target | None = None


class Label(NamedTuple):
    """The ground truth for the prediction with the same id; ``model`` and ``version`` narrow it where given."""

    id: str
    ts: float | None
    y_true: Target
    model: str | None = None
    version: str | None = None


class Rejection(NamedTuple):
    """A record that could not be read, and why."""

    reason: Reason
    detail: str


class Outcome(NamedTuple):
    """A prediction that has met its label. ``index`` is the prediction's 0-based position in its stream."""

    key: ModelVersion
    index: int  # type: ignore[assignment]  # tuple.index is of no use here
    ts: float | None
    y_pred: Target
    y_true: Target
    delay: float | None


class Detection(NamedTuple):
    """One raised drift.

    ``index`` is the 0-based position of the prediction at which it was raised; ``before`` and ``after`` are the
    signal's means on both sides of the estimated change, in the signal's own unit.
    """

    index: int  # type: ignore[assignment]  # tuple.index is of no use here
    ts: float | None
    model: str
    version: str
    signal: str
    detector: str
    before: float
    after: float

    @property
    def id(self) -> str:
        """The same for the same detection, however often a restart raises it again."""
        return blake2b(repr(self[:6]).encode(), digest_size=8).hexdigest()
