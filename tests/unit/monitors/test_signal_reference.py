"""The reference that a signal learns from its first values."""

from __future__ import annotations

import numpy as np

from stream_monitor.monitors.signal_reference import SignalReference
from stream_monitor.signals.encoder import CategoryEncoder
from stream_monitor.stats.reference import CategoricalReference


def test_equally_frequent_categories_are_in_order_of_appearance() -> None:
    categories = CategoryEncoder()
    categories.column(["a", "b", "c", "d"])
    names = ["d", "b", "b", "a", "c", "d", "a", "b"]
    reference = SignalReference("category", len(names), None, categories)
    reference.learn(categories.column(names), len(names))
    assert reference.distribution == CategoricalReference.learn(names)


def test_shares_are_named_by_their_value() -> None:
    shares = np.array([1.0, 0.0, 0.5, 0.0, 1.0])
    reference = SignalReference("share", len(shares), None, None)
    reference.learn(shares, len(shares))
    assert reference.distribution == CategoricalReference.learn(["1", "0", "0.5", "0", "1"])
