"""Liveness and readiness of the sidecar."""

from __future__ import annotations

from collections.abc import Callable

from stream_monitor.pipeline.snapshot import LoopStatus

#: Seconds without a pass after which the loop counts as hanging.
STALLED = 120.0
#: Records from which on the share of rejects is judged.
ENOUGH = 20


class Health:
    """Checks for ``/healthz`` and ``/readyz``: each returns the problems, an empty list when there is none.

    ``status`` is called from any thread, and does not wait for the loop.
    """

    def __init__(self, status: Callable[[], LoopStatus], max_reject_share: float) -> None:
        self._status = status
        self._max_reject_share = max_reject_share

    def alive(self) -> list[str]:
        """Check that the loop makes progress."""
        return self._stalled(self._status().age)

    def _stalled(self, age: float) -> list[str]:
        return (
            [f"the loop has made no progress for {age:.0f} s; the limit is {STALLED:.0f} s"] if age > STALLED else []
        )

    def ready(self) -> list[str]:
        """Check that the loop makes progress, partitions are assigned, and most records can be read."""
        status = self._status()
        problems = self._stalled(status.age)
        if not status.positions:
            asked = "is the broker up, does the topic exist, are there more replicas than partitions?"
            problems.append(f"no partition is assigned: {asked}")
        if status.restoring:
            partitions = ", ".join(f"{topic}[{number}]" for topic, number in status.restoring)
            problems.append(f"waiting records are being restored for {partitions}")
        if status.dead_letter_fault:
            problems.append(f"dead letters can't be written, so nothing is read: {status.dead_letter_fault}")
        share, limit = status.reject_share, self._max_reject_share
        if status.recent_records >= ENOUGH and share > limit:
            problems.append(f"{share:.1%} of the newest records were rejected; the limit is {limit:.1%}")
        return problems
