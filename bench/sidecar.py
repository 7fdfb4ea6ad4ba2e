"""Watch a running sidecar with as few scrapes as will do, for each takes time that counts against it."""

import re
import time
import urllib.request
from collections.abc import Callable, Sequence

from child import TIME_LIMIT_S, ProgramError

SAMPLE = re.compile(r"^(stream_monitor_\w+|process_cpu_seconds_total)(?:\{.*\})? (\S+)", re.MULTILINE)
CPU = "process_cpu_seconds_total"
PREDICTIONS = "stream_monitor_predictions_total"
NOTED = {
    "outcomes": "stream_monitor_outcomes_total",
    "rejected": "stream_monitor_records_rejected_total",
    "drifts": "stream_monitor_drift_detections_total",
}
PROBE_S = 0.02
SHARE_OF_THE_WAIT = 0.8
#: The first rates seen are too low: a wait that followed them would end long after the last event.
MAX_S = 0.25


class Sidecar:
    """The sidecar that listens at a port of this machine. `check_alive` raises when its process has ended.

    ``counted`` are the counters whose sum tells how far it is.
    """

    def __init__(self, port: int, check_alive: Callable[[], None], counted: Sequence[str] = (PREDICTIONS,)) -> None:
        self._address = f"http://127.0.0.1:{port}"
        self._check_alive = check_alive
        self._counted = counted
        self._deadline = time.monotonic() + TIME_LIMIT_S
        self._sums: dict[str, float] = {}
        self._scrapes = 0
        #: CPU time between the first and the last scrape of `watch`, by the sidecar's own word.
        self.cpu_seconds = 0.0

    def wait_until_ready(self) -> float:
        """Return the time at which /readyz first says yes: the partitions are assigned, and it polls them."""
        while self._get("/readyz") is None:
            self._pause(PROBE_S)
        return time.monotonic()

    def wait_until(self, events: int) -> float:
        """Return the time at which /metrics first shows so many events."""
        while self._count() < events:
            self._pause(PROBE_S)
        return time.monotonic()

    def watch(self, events: int) -> tuple[int, float]:
        """Return events and seconds from the first scrape that shows any event to the one that shows all.

        In between it sleeps through most of what the rate so far leaves to wait, then looks again.
        """
        while not (first := self._count()):
            self._pause(PROBE_S)
        begin = now = time.monotonic()
        seen, cpu = first, self._sums.get(CPU, 0.0)
        while seen < events:
            rate = (seen - first) / (now - begin) if seen > first else float("inf")
            self._pause(min(max(PROBE_S, SHARE_OF_THE_WAIT * (events - seen) / rate), MAX_S))
            seen, now = self._count(), time.monotonic()
        self.cpu_seconds = self._sums.get(CPU, 0.0) - cpu
        return seen - first, now - begin

    def notes(self) -> dict[str, float]:
        """What else the last scrape said."""
        return {note: self._sums.get(name, 0.0) for note, name in NOTED.items()} | {"scrapes": self._scrapes}

    def _count(self) -> int:
        self._scrapes += 1
        self._sums = {}
        for name, value in SAMPLE.findall(self._get("/metrics") or ""):
            self._sums[name] = self._sums.get(name, 0.0) + float(value)
        return int(sum(self._sums.get(name, 0) for name in self._counted))

    def _get(self, path: str) -> str | None:
        """The page, or None where there is none yet, or one that says no."""
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
