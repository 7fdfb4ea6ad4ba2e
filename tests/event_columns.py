"""Events as columns, for tests that write them one by one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stream_monitor.core.arrays import Ints
from stream_monitor.core.event_batch import PredictionBatch
from stream_monitor.core.events import Detection, Outcome, Prediction
from stream_monitor.core.outcome_batch import OutcomeBatch
from stream_monitor.monitors.fleet import Fleet


def columns_of(predictions: Sequence[tuple[int, Prediction]]) -> tuple[PredictionBatch, Ints]:
    """Return predictions with their positions in the stream as a batch and the positions."""
    index = [at for at, _ in predictions]
    return PredictionBatch.of(range(len(index)), [one for _, one in predictions]), np.array(index, np.int64)


def update(
    fleet: Fleet, predictions: Sequence[tuple[int, Prediction]], outcomes: Sequence[tuple[int, Outcome]] = ()
) -> list[Detection]:
    """Update a fleet with predictions at their positions, and outcomes each with the position that comes next."""
    batch = OutcomeBatch.of([one for _, one in outcomes], [before for before, _ in outcomes])
    return fleet.update(*columns_of(predictions), batch)
