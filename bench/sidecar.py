"""Observation of a running sidecar with few scrapes, because each one costs the sidecar CPU time."""

import re
import time
import urllib.request
from collections.abc import Callable, Sequence

from child import TIME_LIMIT_S, ProgramError

SAMPLE = re.compile(r"^(stream_monitor_\w+|process_cpu_seconds_total)(?:\{.*\})? (\S+)", re.MULTILINE)
CPU = "process_cpu_seconds_total"
PREDICTIONS = "stream_monitor_predictions_total"
LABELS = "stream_monitor_labels_total"
NOTED = {
    "outcomes": "stream_monitor_outcomes_total",
    "rejected": "stream_monitor_records_rejected_total",
    "drifts": "stream_monitor_drift_detections_total",
}
PROBE_S = 0.02
SHARE_OF_THE_WAIT = 0.8
#: The maximum wait between two scrapes, in seconds: the first rates are too low, which makes the waits too long.
MAX_S = 0.25


class Sidecar:
    """A client of the sidecar that listens at a port of this machine.

    Args:
        port: The port.
        check_alive: Raises an error if the sidecar's process has ended.
        counted: The counters whose sum is the number of processed events.
    """

    def __init__(self, port: int, check_alive: Callable[[], None], counted: Sequence[str] = (PREDICTIONS,)) -> None:
        self._address = f"http://127.0.0.1:{port}"
        self._check_alive = check_alive
        self._counted = counted
        self._deadline = time.monotonic() + TIME_LIMIT_S
        self._sums: dict[str, float] = {}
        self._scrapes = 0
        #: CPU time between the first and the last scrape of `watch`, as reported by the sidecar.
        self.cpu_seconds = 0.0

    def wait_until_ready(self) -> float:
        """Return the time at which /readyz first succeeds: partitions are assigned and being polled."""
        while self._get("/readyz") is None:
            self._pause(PROBE_S)
        return time.monotonic()

    def wait_until(self, events: int) -> float:
        """Return the time at which /metrics first shows this number of events."""
        while self.count() < events:
            self._pause(PROBE_S)
        return time.monotonic()

    def watch(self, events: int) -> tuple[int, float]:
        """Return events and seconds from the first scrape that shows any event to the one that shows all.

        Between two scrapes it sleeps for most of the remaining time that the rate so far predicts.
        """
        while not (first := self.count()):
            self._pause(PROBE_S)
        begin = now = time.monotonic()
        seen, cpu = first, self._sums.get(CPU, 0.0)
        while seen < events:
            rate = (seen - first) / (now - begin) if seen > first else float("inf")
            self._pause(min(max(PROBE_S, SHARE_OF_THE_WAIT * (events - seen) / rate), MAX_S))
            seen, now = self.count(), time.monotonic()
        self.cpu_seconds = self._sums.get(CPU, 0.0) - cpu
        return seen - first, now - begin

    def notes(self) -> dict[str, float]:
        """Return other counters of the last scrape."""
        return {note: self._sums.get(name, 0.0) for note, name in NOTED.items()} | {"scrapes": self._scrapes}

    def count(self) -> int:
        """Return the number of processed events, by one scrape."""
        self._scrapes += 1
        self._sums = {}
        for name, value in SAMPLE.findall(self._get("/metrics") or ""):
            self._sums[name] = self._sums.get(name, 0.0) + float(value)
        return int(sum(self._sums.get(name, 0) for name in self._counted))

    def _get(self, path: str) -> str | None:
        """Return a page, or None if there is no connection or an error status."""
        try:
            with urllib.request.urlopen(self._address + path, timeout=10) as response:
                return str(response.read().decode())
        except OSError:
            return None

    def _pause(self, seconds: float) -> None:
        self._check_alive()
        if time.monotonic() > self._deadline:
            raise ProgramError(f"the sidecar was not there after {TIME_LIMIT_S} s; last seen: {self._sums}")
        time.sleep(seconds)
