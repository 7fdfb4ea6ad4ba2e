"""The snapshot of the evaluation sets, as frozen plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stream_monitor.actions.evaluation_manifest import WrittenSet
from stream_monitor.performance.evaluation import EvaluationSample


@dataclass(frozen=True, slots=True)
class EvaluationSnapshot:
    """Counts of the evaluation sets, see `EvaluationCounts`.

    ``waiting``: sets that are to be written. ``sets``: the newest ones of the directory, the newest first.
    """

    written: int = 0
    waiting: int = 0
    failures: int = 0
    late: int = 0
    dropped: int = 0
    sets: Sequence[WrittenSet] = ()


def evaluation_counts(sample: EvaluationSample | None) -> EvaluationSnapshot:
    """Return the snapshot without the sets of the directory."""
    if sample is None:
        return EvaluationSnapshot()
    return EvaluationSnapshot(waiting=len(sample.closed()), **vars(sample.counts))
