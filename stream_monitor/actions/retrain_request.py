"""The request to train a model anew."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, Literal, NamedTuple

from stream_monitor.core.events import Detection, ModelVersion
from stream_monitor.stats.intervals import Interval


class Reason(NamedTuple):
    """The reason why a policy asks for a retraining.

    Attributes:
        policy: The policy as it was given.
        text: The reason, for a person.
        index: Position of the prediction in the stream at which it was found.
        ts: Event time of the stream there, in seconds since the Unix epoch; None where unknown.
    """

    policy: str
    text: str
    index: int  # type: ignore[assignment]  # tuple.index is of no use here
    ts: float | None


class WindowPerformance(NamedTuple):
    """The performance of a version over its newest outcomes, with its 95 % interval."""

    version: str
    measure: Literal["accuracy", "mae"]
    value: float
    interval: Interval
    outcomes: int


class RetrainRequest(NamedTuple):
    """A request to train a model anew.

    Attributes:
        key: The model, and the version that is to be replaced.
        index: Position in the stream of the newest prediction before the request.
        ts: Event time of the stream, in seconds since the Unix epoch; None where unknown.
        reasons: The reasons, in the order in which they were found.
        detections: The detections since the last request that the reasons tell of, the newest 100 at most.
        performance: The performance of each version of the model over its newest outcomes.
        labels: Labelled events of the model since the last request, or since the first prediction.
        evaluation_sets: Paths of the evaluation sets of the model.
    """

    key: ModelVersion
    index: int  # type: ignore[assignment]  # tuple.index is of no use here
    ts: float | None
    reasons: Sequence[Reason]
    detections: Sequence[Detection]
    performance: Sequence[WindowPerformance]
    labels: int
    evaluation_sets: Sequence[str] = ()

    @property
    def model(self) -> str:
        """The name of the model."""
        return self.key.model

    @property
    def version(self) -> str:
        """The version that is to be replaced."""
        return self.key.version

    @property
    def id(self) -> str:
        """An id that is the same when a restart makes the request again, however the stream is cut into batches."""
        told = (*self.key, self.index, [reason.policy for reason in self.reasons])
        return blake2b(repr(told).encode(), digest_size=8, person=b"retrain").hexdigest()

    @classmethod
    def restored(cls, saved: Sequence[Any]) -> RetrainRequest:
        """Return the request that was saved as JSON values."""
        key, index, ts, reasons, detections, performance, labels, sets = saved
        return cls(
            ModelVersion(*key),
            index,
            ts,
            [Reason(*each) for each in reasons],
            [Detection(*each) for each in detections],
            [WindowPerformance(*each)._replace(interval=Interval(*each[3])) for each in performance],
            labels,
            sets,
        )
