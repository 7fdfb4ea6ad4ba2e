"""Detections kept in a list, for a run that ends."""

from __future__ import annotations

from stream_monitor.core.events import Detection


class MemorySink:
    """Keeps every detection in ``detections``."""

    def __init__(self) -> None:
        self.detections: list[Detection] = []

    def send(self, detection: Detection) -> None:
        self.detections.append(detection)
