"""Counters of the pipeline: plain numbers."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from stream_monitor.core.arrays import Floats
from stream_monitor.core.errors import Reason
from stream_monitor.core.formatting import counted

#: Newest records over which ``/readyz`` judges the share of rejects.
REJECT_WINDOW = 1000
#: The share of predictions with an earlier time than the one before from which on the order is wrong.
MAX_BACKWARD = 0.1


@dataclass
class Counters:
    """Counters of the pipeline. ``labels`` includes those inside predictions; duplicates are counted in none.

    ``backward``: predictions with an earlier event time than the one before them.
    """

    records: Counter[str] = field(default_factory=Counter)
    gaps: Counter[str] = field(default_factory=Counter)
    rejected: Counter[Reason] = field(default_factory=lambda: Counter(dict.fromkeys(Reason, 0)))
    predictions: int = 0
    backward: int = 0
    #: The event time of the newest prediction that has one.
    newest_ts: float | None = None
    labels: int = 0
    source_errors: int = 0
    recent_rejects: deque[int] = field(default_factory=lambda: deque(maxlen=REJECT_WINDOW))
    #: Of the newest records, at most `REJECT_WINDOW`: their number, and the share that was rejected.
    recent_records: int = 0
    reject_share: float = 0.0

    def reject(self, reason: Reason) -> None:
        """Count one rejected record."""
        self.rejected[reason] += 1

    def count_backward(self, ts: Floats) -> None:
        """Count the predictions that are earlier than the one before; event times, NaN where unknown, shape (n,)."""
        known = ts[np.isfinite(ts)]
        if not len(known):
            return
        first = known[:1] if self.newest_ts is None else [self.newest_ts]
        self.backward += int((np.diff(known, prepend=first) < 0.0).sum())
        self.newest_ts = float(known[-1])

    def count_recent(self, rejected: Sequence[int]) -> None:
        """Count the records of a batch, 1 for each that was rejected and 0 for any other."""
        self.recent_rejects.extend(rejected[-REJECT_WINDOW:])
        self.recent_records = len(self.recent_rejects)
        self.reject_share = sum(self.recent_rejects) / max(self.recent_records, 1)

    def state(self) -> dict[str, Any]:
        return {
            "records": dict(self.records),
            "gaps": dict(self.gaps),
            "rejected": {reason.value: count for reason, count in self.rejected.items()},
            "order": [self.backward, self.newest_ts],
            "counts": [self.predictions, self.labels, self.source_errors],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        self.records.update(state["records"])
        self.gaps.update(state["gaps"])
        self.rejected.update({Reason(name): count for name, count in state["rejected"].items()})
        self.backward, self.newest_ts = state["order"]
        self.predictions, self.labels, self.source_errors = state["counts"]


def told_backward(backward: int, predictions: int) -> str:
    """Return a message on predictions that came in a wrong order; empty if only few did.

    >>> told_backward(2_999, 3_000)
    '2,999 predictions came with an earlier time than the one before'
    >>> told_backward(2, 3_000)
    ''
    """
    is_wrong = backward > MAX_BACKWARD * predictions
    return f"{counted(backward, 'prediction')} came with an earlier time than the one before" if is_wrong else ""
