"""Notices: what is told to the outside, each with an id that is the same after a restart."""

from __future__ import annotations

from typing import Any

from stream_monitor.actions.message import fields, line
from stream_monitor.actions.retrain_message import request_fields, request_line
from stream_monitor.actions.retrain_request import RetrainRequest
from stream_monitor.core.events import Detection

Notice = Detection | RetrainRequest


def notice_line(notice: Notice) -> str:
    """Return one line for a person."""
    return request_line(notice) if isinstance(notice, RetrainRequest) else line(notice)


def notice_fields(notice: Notice) -> dict[str, Any]:
    """Return the fields for a program, among them the kind of ``event``."""
    if isinstance(notice, RetrainRequest):
        return {"event": "retrain_request", **request_fields(notice)}
    return {"event": notice.kind, **fields(notice)}


def saved(notice: Notice) -> list[Any]:
    """Return a notice as JSON values, which `restored` reads."""
    return ["retrain_request" if isinstance(notice, RetrainRequest) else "detection", list(notice)]


def restored(saved_notice: list[Any]) -> Notice:
    """Return the notice that was saved."""
    kind, values = saved_notice
    return RetrainRequest.restored(values) if kind == "retrain_request" else Detection(*values)
