"""Texts and fields of retrain requests: a sentence for a person, fields for a program."""

from __future__ import annotations

from typing import Any

from stream_monitor.actions.episode_message import episode_fields
from stream_monitor.actions.retrain_request import Reason, RetrainRequest, WindowPerformance
from stream_monitor.core.formatting import counted, plain
from stream_monitor.core.timestamps import format_timestamp
from stream_monitor.drift.episodes import group


def request_line(request: RetrainRequest) -> str:
    """Return one line: the model version, the reasons and the labelled events.

    >>> from stream_monitor.core.events import ModelVersion
    >>> reason = Reason("labels:count=500", "500 labelled events since the last request", 900, None)
    >>> request_line(RetrainRequest(ModelVersion("churn", "3"), 900, None, [reason], [], [], 500))
    'retraining of churn/3 is requested: 500 labelled events since the last request; 500 labelled events'
    """
    reasons = "; ".join(reason.text for reason in request.reasons)
    where = "/".join(request.key)
    return plain(f"retraining of {where} is requested: {reasons}; {counted(request.labels, 'labelled event')}")


def request_fields(request: RetrainRequest) -> dict[str, Any]:
    """Return the fields of a request, with its id, and its detections as episodes; times as ISO 8601."""
    return {
        "id": request.id,
        **request.key._asdict(),
        "index": request.index,
        "ts": format_timestamp(request.ts),
        "reasons": [reason_fields(reason) for reason in request.reasons],
        "episodes": [episode_fields(episode) for episode in group(request.detections)],
        "performance": [_performance_fields(each) for each in request.performance],
        "labels": request.labels,
        "evaluation_sets": list(request.evaluation_sets),
    }


def reason_fields(reason: Reason) -> dict[str, Any]:
    """Return the fields of a reason."""
    return {**reason._asdict(), "ts": format_timestamp(reason.ts)}


def _performance_fields(performance: WindowPerformance) -> dict[str, Any]:
    return {**performance._asdict(), "interval": list(performance.interval)}
