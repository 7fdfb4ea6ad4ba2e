"""Reference distributions of a signal, learned once from a warm-up or the training data and not changed after."""

from __future__ import annotations

from stream_monitor.stats.reference.categorical import CategoricalReference, category_name
from stream_monitor.stats.reference.numeric import NumericReference

__all__ = ["CategoricalReference", "NumericReference", "category_name"]
