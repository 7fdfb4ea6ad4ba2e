"""A list of detections, for a replay and for tests."""

from __future__ import annotations

from stream_monitor.core.events import Detection


class MemorySink:
    """Appends each detection to ``detections``."""

    def __init__(self) -> None:
        self.detections: list[Detection] = []

    def send(self, detection: Detection) -> None:
        self.detections.append(detection)
