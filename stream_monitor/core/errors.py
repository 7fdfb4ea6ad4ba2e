"""The errors that stream_monitor raises on purpose. Anything else is a bug, and ends the process."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path


class Reason(StrEnum):
    """Why a record was rejected: the values of ``records_rejected_total{reason}``."""

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
    """The configuration is wrong: said in one line, with exit code 2, before any connection."""


class StateError(StreamMonitorError):
    """The state can't be saved or read any more: the process says so in one line and ends, with exit code 1."""


class BadState(ConfigError):  # noqa: N818 - what the user meets is its text
    """What is in the state directory can't be gone on with; ``problem`` says why."""

    def __init__(self, directory: Path, problem: str) -> None:
        hint = "use another directory, or --on-bad-state reset to set it aside and begin anew"
        super().__init__(f"--state-dir: {directory} {problem}; {hint}")
        self.problem = problem


class SourceError(StreamMonitorError):
    """A source can't be read now; the loop tries again with back-off."""


class SinkError(StreamMonitorError):
    """An alert can't be delivered now; it stays in the outbox."""


class RecordError(StreamMonitorError):
    """One record is bad: it is counted under its reason and skipped.

    ``reason`` is one of `Reason`; ``detail`` says what was found and what is allowed, without the record's values.
    """

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason.value}: {detail}" if detail else reason.value)
        self.reason = reason
        self.detail = detail
