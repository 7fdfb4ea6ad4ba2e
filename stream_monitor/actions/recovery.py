"""The end of a drift: a signal that is near its reference again."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any, NamedTuple

from stream_monitor.core.formatting import moment, plain
from stream_monitor.core.timestamps import format_timestamp


class Recovery(NamedTuple):
    """A signal that is near its reference again after its alarm.

    Attributes:
        index: Position of the prediction in the stream at which this was found.
        ts: Event time of that prediction, in seconds since the Unix epoch; None where unknown.
        model, version, signal: The signal, and whose it is.
        since: Event time of the alarm; None where unknown.
    """

    index: int  # type: ignore[assignment]  # tuple.index is of no use here
    ts: float | None
    model: str
    version: str
    signal: str
    since: float | None

    @property
    def id(self) -> str:
        """An id that is the same when a restart finds the recovery again."""
        return blake2b(repr(tuple(self)).encode(), digest_size=8, person=b"recovery").hexdigest()


def recovery_line(one: Recovery) -> str:
    """Return one line for a person.

    >>> recovery_line(Recovery(2_500, None, "churn", "3", "feature:age", None))
    'recovery of feature:age of churn/3: near its reference again at prediction 2,500'
    """
    alarm = moment(one.since) and f", after the alarm at {moment(one.since)} UTC"
    where = plain(f"{one.signal} of {one.model}/{one.version}")
    return f"recovery of {where}: near its reference again at prediction {one.index:,}{alarm}"


def recovery_fields(one: Recovery) -> dict[str, Any]:
    """Return every field, with the id; times as ISO 8601."""
    times = {"ts": format_timestamp(one.ts), "since": format_timestamp(one.since)}
    return {**one._asdict(), **times, "id": one.id}
