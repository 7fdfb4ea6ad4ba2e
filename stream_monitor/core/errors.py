"""The errors that stream_monitor raises on purpose. Any other exception is a bug, and ends the process."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path


class Reason(StrEnum):
    """Reasons of rejection: the values of ``records_rejected_total{reason}``."""

    TOMBSTONE = "tombstone"
    TOO_LARGE = "too_large"
    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    NOT_OBJECT = "not_object"
    MISSING_ID = "missing_id"
    MISSING_PREDICTION = "missing_prediction"
    MISSING_LABEL = "missing_label"
    WRONG_TYPE = "wrong_type"
    BAD_TIMESTAMP = "bad_timestamp"
    UNREADABLE = "unreadable"
    INTERNAL = "internal"


class StreamMonitorError(Exception):
    """The base of all errors below."""


class ConfigError(StreamMonitorError):
    """The configuration is wrong. The process prints one line and ends with exit code 2, before any connection."""


class StateError(StreamMonitorError):
    """The state can't be saved or read any more. The process prints one line and ends with exit code 1."""


class BadState(ConfigError):  # noqa: N818 - the user sees its text only
    """The content of the state directory can't be used; ``problem`` says why."""

    def __init__(self, directory: Path, problem: str) -> None:
        hint = "use another directory, or --on-bad-state reset to set it aside and start anew"
        super().__init__(f"--state-dir: {directory} {problem}; {hint}")
        self.problem = problem


class SourceError(StreamMonitorError):
    """A source can't be read now. The loop tries again with back-off."""


class SinkError(StreamMonitorError):
    """An alert, or a dead letter, can't be delivered now. It is kept until it can."""


class RecordError(StreamMonitorError):
    """A record is bad. It is counted under its reason and skipped.

    Args:
        reason: The reason of the rejection.
        detail: A text that says what was found and what is allowed, without values of the record.
    """

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason.value}: {detail}" if detail else reason.value)
        self.reason = reason
        self.detail = detail
