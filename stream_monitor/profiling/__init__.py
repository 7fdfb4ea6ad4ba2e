"""From rows of training data to their profile, in one pass and in bounded memory."""

from __future__ import annotations

from stream_monitor.profiling.profiler import Profiler, content_hash

__all__ = ["Profiler", "content_hash"]
