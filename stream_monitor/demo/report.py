"""The report: scheduled incidents beside alarms."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from stream_monitor.core.timestamps import parse_timestamp
from stream_monitor.demo.scenario import INCIDENTS, Incident

#: Seconds before an incident's first event at which an alarm still matches it: clocks are read twice.
_SLACK = 0.05


class Finding(NamedTuple):
    """An incident, its start time, and the alarms that match it, those of its main signal first."""

    incident: Incident
    began: float
    alarms: list[dict[str, Any]]
    found: float | None


def match(
    lines: Sequence[Mapping[str, Any]], started: Mapping[str, float]
) -> tuple[list[Finding], list[dict[str, Any]]]:
    """Return the finding of each incident, and the alarms that match none.

    An alarm matches the latest incident that has started and affects its signal.
    """
    alarms = [
        {**line, "at": parse_timestamp(line["ts"])} for line in lines if line.get("event") == "drift" and line["ts"]
    ]
    rejects = [float(line["at"]) for line in lines if line.get("event") == "rejected"]
    found: dict[str, list[dict[str, Any]]] = {incident.name: [] for incident in INCIDENTS}
    unmatched: list[dict[str, Any]] = []
    for alarm in sorted(alarms, key=lambda alarm: float(alarm["at"])):
        causes = [
            incident
            for incident in INCIDENTS
            if alarm["signal"] in incident.signals
            and started.get(incident.name, alarm["at"] + 1) - _SLACK <= alarm["at"]
        ]
        (found[causes[-1].name] if causes else unmatched).append(alarm)
    return [_finding(incident, started, found[incident.name], rejects) for incident in INCIDENTS], unmatched


def _finding(
    incident: Incident, started: Mapping[str, float], alarms: list[dict[str, Any]], rejects: Sequence[float]
) -> Finding:
    began = started.get(incident.name, float("inf"))
    if not incident.signals:
        found = min((at for at in rejects if at >= began - _SLACK), default=None)
    else:
        telling = [alarm for alarm in alarms if alarm["signal"] == incident.signals[0]]
        alarms = telling + [alarm for alarm in alarms if alarm not in telling]
        found = float(telling[0]["at"]) if telling else None
    return Finding(incident, began, alarms, found)


def table(findings: Sequence[Finding], rejected: float) -> list[str]:
    """Return the lines of the report."""
    rows = [("scheduled", "incident", "found after", "by")]
    for finding in findings:
        rows.append((_clock(finding.began), finding.incident.name, _delay(finding), _by(finding, rejected)))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def describe(alarm: Mapping[str, Any]) -> str:
    """Return an alarm in words."""
    return f"{alarm['signal']} ({alarm['detector']}): mean {alarm['before']:.4g} -> {alarm['after']:.4g}"


def _by(finding: Finding, rejected: float) -> str:
    if finding.found is None:
        return "NOT FOUND"
    if not finding.incident.signals:
        return f"records_rejected_total: {rejected:.0f} records"
    others = sorted({alarm["signal"] for alarm in finding.alarms} - {finding.incident.signals[0]})
    return describe(finding.alarms[0]) + (f"; also in {', '.join(others)}" if others else "")


def _delay(finding: Finding) -> str:
    return "never" if finding.found is None else f"{max(finding.found - finding.began, 0):.1f} s"


def _clock(seconds: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(seconds)) if seconds != float("inf") else "not yet"
