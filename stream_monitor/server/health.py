"""Whether the loop is alive, and whether its numbers can be relied on."""

from __future__ import annotations

from stream_monitor.pipeline.pipeline import Pipeline

#: A loop that has not come round for this long hangs.
STALLED = 120.0
#: Records seen before the share of rejects says anything.
ENOUGH = 20


class Health:
    """Answers ``/healthz`` and ``/readyz``: each gives what is wrong, nothing when all is well."""

    def __init__(self, pipeline: Pipeline, max_reject_share: float) -> None:
        self._pipeline = pipeline
        self._max_reject_share = max_reject_share

    def alive(self) -> list[str]:
        """The loop comes round."""
        age = self._pipeline.age
        return [f"the loop last came round {age:.0f} s ago"] if age > STALLED else []

    def ready(self) -> list[str]:
        """Partitions are assigned, and most records can be read."""
        problems = self.alive()
        if not self._pipeline.positions:
            asked = "is the broker up, does the topic exist, are there more replicas than partitions?"
            problems.append(f"no partition is assigned: {asked}")
        restoring = self._pipeline.restoring
        if restoring:
            problems.append(
                f"what waits is being rebuilt for {', '.join(f'{topic}[{at}]' for topic, at in restoring)}"
            )
        stats = self._pipeline.stats
        if len(stats.recent_rejects) >= ENOUGH and stats.reject_share > self._max_reject_share:
            share, limit = stats.reject_share, self._max_reject_share
            problems.append(f"{share:.1%} of the newest records were rejected; the limit is {limit:.1%}")
        return problems
