"""The errors that stream_monitor raises on purpose. Anything else is a bug, and ends the process."""

from __future__ import annotations

from enum import StrEnum


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


class SourceError(StreamMonitorError):
    """A source can't be read now; the loop tries again with back-off."""


class RecordError(StreamMonitorError):
    """One record is bad: it is counted under its reason and skipped.

    ``reason`` is one of `Reason`; ``detail`` says what was found and what is allowed, without the record's values.
    """

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason.value}: {detail}" if detail else reason.value)
        self.reason = reason
        self.detail = detail
