"""Notices: what is told to the outside, each with an id that is the same after a restart."""

from __future__ import annotations

from typing import Any, Literal

from stream_monitor.actions.message import fields, line
from stream_monitor.actions.recovery import Recovery, recovery_fields, recovery_line
from stream_monitor.actions.retrain_message import request_fields, request_line
from stream_monitor.actions.retrain_request import RetrainRequest
from stream_monitor.core.events import Detection

Notice = Detection | Recovery | RetrainRequest
#: The kinds of notices.
NoticeKind = Literal["drift", "skew", "recovery", "retrain_request"]


def kind_of(notice: Notice) -> NoticeKind:
    """Return the kind of a notice."""
    if isinstance(notice, Detection):
        return notice.kind
    return "recovery" if isinstance(notice, Recovery) else "retrain_request"


def notice_line(notice: Notice) -> str:
    """Return one line for a person."""
    if isinstance(notice, Detection):
        return line(notice)
    return recovery_line(notice) if isinstance(notice, Recovery) else request_line(notice)


def notice_fields(notice: Notice) -> dict[str, Any]:
    """Return the fields for a program, among them the kind of ``event``."""
    if isinstance(notice, Detection):
        told = fields(notice)
    else:
        told = recovery_fields(notice) if isinstance(notice, Recovery) else request_fields(notice)
    return {"event": kind_of(notice), **told}


def saved(notice: Notice) -> list[Any]:
    """Return a notice as JSON values, which `restored` reads."""
    return [kind_of(notice), list(notice)]


def restored(saved_notice: list[Any]) -> Notice:
    """Return the notice that was saved."""
    kind, values = saved_notice
    if kind == "retrain_request":
        return RetrainRequest.restored(values)
    return Recovery(*values) if kind == "recovery" else Detection(*values)
