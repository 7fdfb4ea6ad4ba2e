"""Signals return into blocks: most are handled side by side most of the time, whatever they have learned."""

from __future__ import annotations

from unittest.mock import patch

import numpy as np

from stream_monitor.monitors.signal import SignalMonitor
from tests.harness import feature_events, run


def test_signals_that_fit_their_block_no_more_move_into_another() -> None:
    """After the first looks at their dependence, independent signals are judged by other limits than at first."""
    count, features, batch = 12_000, 12, 50
    rng = np.random.default_rng(3)
    events = feature_events({f"f{name}": rng.normal(size=count) for name in range(features)})
    alone = 0
    update = SignalMonitor.update_with_rows

    def counting(self: SignalMonitor, column: object) -> object:
        nonlocal alone
        alone += 1
        return update(self, column)  # type: ignore[arg-type]

    with patch.object(SignalMonitor, "update_with_rows", counting):
        pipeline, _ = run(events, batch_size=batch, detectors=["glr"])
    (monitor,) = pipeline.processor.fleet.monitors.values()
    updates = len(monitor.signals) * count / batch
    # The warm-ups alone are a tenth of it: that of a spread takes 2,000 events.
    assert alone < 0.25 * updates
