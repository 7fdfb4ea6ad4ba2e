"""Events that flow through the pipeline: immutable tuples, which are cheap to make and small in memory."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, Literal, NamedTuple

from stream_monitor.core.errors import Reason

#: A class or a number, as JSON gives it.
Target = str | int | float | bool
#: Features by name as received; a value that is neither number, text nor null counts as ``other``.
Features = Mapping[str, Any]

#: Probabilities by the name of the class.
Probabilities = Mapping[str, float]


class ModelVersion(NamedTuple):
    """One version of one monitored model."""

    model: str
    version: str


class Prediction(NamedTuple):
    """One inference.

    ``ts`` is in seconds since the epoch, None when its time is unknown. ``probabilities`` are those by class, where
    the score came so; ``score`` is then that of the predicted class. ``subgroup`` has the values of the groups that
    are compared, as one text, see `stream_monitor.performance.groups`; None if there are none.
    """

    id: str
    ts: float | None
    key: ModelVersion
    y_pred: Target
    features: Features
    score: float | None = None
    groups: Mapping[str, str] | None = None
    y_true: Target | None = None
    probabilities: Probabilities | None = None
    subgroup: str | None = None


class Label(NamedTuple):
    """The ground truth for the prediction with the same id; ``model`` and ``version`` narrow it where given."""

    id: str
    ts: float | None
    y_true: Target
    model: str | None = None
    version: str | None = None


class Rejection(NamedTuple):
    """The reason why a record could not be read."""

    reason: Reason
    detail: str


class Outcome(NamedTuple):
    """A prediction joined to its label.

    ``index`` is the prediction's 0-based position in its stream; ``score``, ``probabilities``, ``subgroup`` and
    ``id`` are its own.
    """

    key: ModelVersion
    index: int  # type: ignore[assignment]  # tuple.index is of no use here
    ts: float | None
    y_pred: Target
    y_true: Target
    delay: float | None
    score: float | None = None
    probabilities: Probabilities | None = None
    subgroup: str | None = None
    id: str = ""


DetectionKind = Literal["drift", "skew"]


class Detection(NamedTuple):
    """One raised drift.

    ``index`` is the 0-based position of the prediction at which it was raised, ``changed_index`` that of the first
    one after the estimated change; ``ts`` and ``changed_ts`` are their times. ``before`` and ``after`` are the
    signal's means on both sides of it in the signal's own unit, taken over ``n_before`` and ``n_after`` values (0:
    not known); for a ``category``, its shares; where a season was taken out, what they are without it. ``effect`` is
    how large the change is, without a sign: Cohen's d of normal scores, of shares his h. ``episode`` is the id of
    the first detection of those that came together; at this one, it had ``episode_signals`` signals, and changed
    most in ``episode_leader``. Of the kind ``skew``, it is a difference from the training data since the start, which
    the means and counts on both sides are then of. ``is_share``: the means are shares, from 0 to 1. ``is_small``: the
    change is too small to matter (``--min-effect``); it raises no alarm and belongs to no episode.
    """

    index: int  # type: ignore[assignment]  # tuple.index is of no use here
    ts: float | None
    model: str
    version: str
    signal: str
    detector: str
    before: float
    after: float
    effect: float | None = None
    changed_index: int | None = None
    changed_ts: float | None = None
    n_before: int = 0
    n_after: int = 0
    category: str | None = None
    episode: str | None = None
    episode_signals: int = 0
    episode_leader: str | None = None
    kind: DetectionKind = "drift"
    is_share: bool = False
    is_small: bool = False

    @property
    def id(self) -> str:
        """An id that is the same when a restart raises the detection again."""
        return blake2b(repr(self[:6]).encode(), digest_size=8).hexdigest()

    @property
    def direction(self) -> Literal["up", "down"]:
        """The direction in which the mean, or the category's share, has changed."""
        return "up" if self.after >= self.before else "down"


FeatureType = Literal["numeric", "categorical"]


Task = Literal["classification", "regression"]
