"""The metrics of retrain requests and of notices, and their samples."""

from __future__ import annotations

from collections.abc import Iterator

from stream_monitor.pipeline.actions_snapshot import ActionsSnapshot
from stream_monitor.server.metric import Sample, metric

RETRAIN_REQUESTS = metric("retrain_requests_total", "counter", "Requests to retrain a model.", "model")
RETRAIN_OPEN = metric(
    "retrain_request_open",
    "gauge",
    "1 from a request to retrain a model until a version is new, or --retrain-timeout has passed.",
    "model",
)
RETRAIN_WAITING = metric(
    "retrain_reasons_waiting",
    "gauge",
    "Reasons to retrain a model that no request has told yet: one is open, or cool-down or labels are missing.",
    "model",
)
RETRAIN_LABELS = metric("retrain_labels", "gauge", "Labelled events since the last request to retrain.", "model")
DELIVERED = metric("notices_delivered_total", "counter", "Notices and requests that a sink has accepted.", "sink")
FAILURES = metric("notice_failures_total", "counter", "Failed attempts to deliver; each is repeated.", "sink")
WAITING = metric("notices_waiting", "gauge", "Notices and requests that wait for a sink.", "sink")
DROPPED = metric("notices_dropped_total", "counter", "Notices dropped because 10,000 newer ones waited.", "sink")

#: All of them, in the order of the page.
ACTION_METRICS = (
    RETRAIN_REQUESTS,
    RETRAIN_OPEN,
    RETRAIN_WAITING,
    RETRAIN_LABELS,
    DELIVERED,
    FAILURES,
    WAITING,
    DROPPED,
)


def action_samples(actions: ActionsSnapshot) -> Iterator[Sample]:
    """Yield the samples of retrain requests and notices."""
    for one in actions.retraining:
        yield RETRAIN_REQUESTS, (one.model,), one.requests
        yield RETRAIN_OPEN, (one.model,), float(one.is_open)
        yield RETRAIN_WAITING, (one.model,), len(one.waiting)
        yield RETRAIN_LABELS, (one.model,), one.labels
    for sink, notices in actions.notices.items():
        yield DELIVERED, (sink,), notices.delivered
        yield FAILURES, (sink,), notices.failures
        yield WAITING, (sink,), notices.waiting
        yield DROPPED, (sink,), notices.dropped
