"""Evidence of what the sidecar does: its alarms, its metrics, the files that it has written."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from stream_monitor.actions.evaluation_manifest import read_manifest
from stream_monitor.core.errors import ConfigError
from stream_monitor.core.timestamps import parse_timestamp
from stream_monitor.demo.clock import DemoClock
from stream_monitor.demo.sidecar import Metrics, Sidecar, run_command

#: Seconds between two scrapes.
_PERIOD = 1.0


class Accuracy(NamedTuple):
    """The rolling accuracy of a version at a time."""

    at: float
    version: str
    value: float


class Evidence:
    """Keeps what the sidecar shows.

    Args:
        sidecar: The sidecar.
        clock: The time of the scenario.
        sets: The directory of its evaluation sets.
        audit_log: The file of its audit log.

    Attributes:
        metrics: The newest scrape.
        accuracies: The rolling accuracy of each version, scrape by scrape.
    """

    def __init__(self, sidecar: Sidecar, clock: DemoClock, sets: Path, audit_log: Path) -> None:
        self._clock = clock
        self._sidecar, self._sets, self._audit_log = sidecar, sets, audit_log
        self.metrics = Metrics("")
        self.accuracies: list[Accuracy] = []
        self._at = 0.0

    def take(self) -> None:
        """Scrape, if the last time is long enough ago."""
        now = time.time()
        if now < self._at + _PERIOD:
            return
        self._at, self.metrics = now, self._sidecar.metrics()
        at = self._clock.now()
        for labels, value in self.metrics.all("performance_ratio", measure="accuracy", window="rolling"):
            self.accuracies.append(Accuracy(at, labels["version"], value))

    @property
    def is_up_to_date(self) -> bool:
        """True if the newest scrape says that all records were read, and no prediction waits for its label."""
        return not self.metrics.total("consumer_lag_records") and not self.metrics.total("waiting_predictions")

    def alarms(self, signal: str = "", since: float = 0.0) -> list[dict[str, Any]]:
        """Return the alarms from a time on, of signals whose name begins so, with their event time as ``at``."""
        found = []
        for line in list(self._sidecar.lines):
            if line.get("event") != "drift" or not line["ts"] or not str(line["signal"]).startswith(signal):
                continue
            at = parse_timestamp(line["ts"])
            if at >= since:
                found.append({**line, "at": at})
        return sorted(found, key=lambda alarm: float(alarm["at"]))

    def alarms_before(self, time_: float) -> list[dict[str, Any]]:
        """Return the alarms before a time."""
        return [alarm for alarm in self.alarms() if alarm["at"] < time_]

    def accuracy(self, version: str, begin: float, end: float) -> list[float]:
        """Return the rolling accuracies of a version between two times, in order."""
        return [each.value for each in self.accuracies if each.version == version and begin <= each.at < end]

    def evaluation_sets(self) -> tuple[int, int]:
        """Return the number of evaluation sets and of their rows."""
        sets = read_manifest(self._sets)["sets"]
        return len(sets), sum(each["rows"] for each in sets)

    def audit_lines(self) -> int:
        """Return the number of lines of the audit log; 0 where ``audit verify`` finds damage."""
        try:
            run_command("audit", "verify", str(self._audit_log))
        except ConfigError:
            return 0
        return len(self._audit_log.read_bytes().splitlines())


def first(alarms: list[dict[str, Any]]) -> Mapping[str, Any] | None:
    """Return the first alarm, None without any."""
    return alarms[0] if alarms else None
