"""The reference distribution of one signal: learned from a warm-up or the training data, and then left as it is."""

from __future__ import annotations

from stream_monitor.stats.reference.categorical import CategoricalReference, category_name
from stream_monitor.stats.reference.numeric import NumericReference

__all__ = ["CategoricalReference", "NumericReference", "category_name"]
