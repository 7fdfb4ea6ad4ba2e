"""Retrain requests and the notices that wait, as plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from stream_monitor.actions.outbox import Outbox
from stream_monitor.actions.retrain_request import RetrainRequest
from stream_monitor.actions.retraining import Retraining


@dataclass(frozen=True, slots=True)
class RetrainSnapshot:
    """The decision to retrain one model, see `RetrainDecision`; ``waiting``: the reasons that no request has told."""

    model: str
    version: str | None
    requests: int
    is_open: bool
    labels: int
    waiting: Sequence[str]


@dataclass(frozen=True, slots=True)
class NoticesSnapshot:
    """The notices for one sink: those that wait, and the counts of `SinkQueue`."""

    waiting: int
    delivered: int
    failures: int
    dropped: int


@dataclass(frozen=True, slots=True)
class ActionsSnapshot:
    """The decisions to retrain, the requests, and the notices for each sink.

    ``retraining``: the decision to retrain each model, none without policies. ``requests``: the newest retrain
    requests, the latest last. ``notices``: those for each sink, by its name.
    """

    retraining: Sequence[RetrainSnapshot] = ()
    requests: Sequence[RetrainRequest] = ()
    notices: Mapping[str, NoticesSnapshot] = field(default_factory=dict)


#: The snapshot of a pipeline that tells nobody anything.
NO_ACTIONS = ActionsSnapshot()


def actions_snapshot(retraining: Retraining, outbox: Outbox) -> ActionsSnapshot:
    """Return the decisions, the requests and the notices as they are now."""
    found = []
    for model, each in retraining.models.items():
        one = each.decision
        waiting = [reason.text for reason in one.reasons.values()]
        found.append(RetrainSnapshot(model, one.champion, one.requests, one.is_open, one.labels, waiting))
    notices = {
        name: NoticesSnapshot(queue.pending, queue.delivered, queue.failures, queue.dropped)
        for name, queue in outbox.queues.items()
    }
    return ActionsSnapshot(found, tuple(retraining.recent), notices)
