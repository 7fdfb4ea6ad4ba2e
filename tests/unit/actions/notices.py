"""Notices for tests."""

from __future__ import annotations

from stream_monitor.actions.notice import Notice
from stream_monitor.actions.recovery import Recovery
from stream_monitor.actions.retrain_request import Reason, RetrainRequest, WindowPerformance
from stream_monitor.core.events import Detection, ModelVersion
from stream_monitor.stats.intervals import Interval

DRIFT = Detection(
    *(900, 1.7e9, "churn", "3", "feature:age", "glr", 12.0, 25.0, 2.0),
    *(840, 1.69e9, 840, 60, None, "e1", 1, "feature:age"),
)
SKEW = DRIFT._replace(kind="skew", ts=None, model="a/é\n")
REQUEST = RetrainRequest(
    ModelVersion("churn", "3"),
    901,
    1.7e9,
    [Reason("drift", "drift in age", 900, 1.7e9), Reason("labels:count=9", "9 labelled events", 901, None)],
    [DRIFT],
    [WindowPerformance("3", "accuracy", 0.7, Interval(0.6, 0.8), 500)],
    500,
    ["/sets/churn-1.parquet"],
)
RECOVERY = Recovery(2_500, 1.7e9, "churn", "3", "feature:age", None)
EACH: list[Notice] = [DRIFT, SKEW, RECOVERY, REQUEST]
