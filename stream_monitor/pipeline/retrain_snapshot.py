"""The decisions to retrain models, as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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


def retrain_snapshots(retraining: Retraining) -> Sequence[RetrainSnapshot]:
    """Return the decision of each model; none without policies."""
    found = []
    for model, each in retraining.models.items():
        one = each.decision
        waiting = [reason.text for reason in one.reasons.values()]
        found.append(RetrainSnapshot(model, one.champion, one.requests, one.is_open, one.labels, waiting))
    return found
