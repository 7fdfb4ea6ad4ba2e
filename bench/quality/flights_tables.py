"""The table and the gate of the real flights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flights import MAX_EPISODES, SEASONALITY
from gate import Gate
from table import Table

Report = Mapping[str, Any]


def flights_gate(report: Report) -> Iterator[Gate]:
    """Yield the gate of the number of episodes, if they were counted."""
    found = _episodes(report)
    if found is not None:
        what = f"real flights: under {MAX_EPISODES} episodes with --seasonality {SEASONALITY}: {len(found)}"
        yield Gate(len(found) < MAX_EPISODES, what)


def flights_table(report: Report) -> list[Table]:
    """Return the table of the episodes, if they were counted."""
    found = _episodes(report)
    if found is None:
        return []
    reading = report["flights"]["replay"]
    rows = [["episode", "rank"], *([title, str(rank)] for rank, title in enumerate(found, 1))]
    note = (
        f"Five months of flights of New York, {reading['events']:,} events from April to August 2013, with a\n"
        f"profile of January to March and `--seasonality {SEASONALITY}`: {reading['drifts']:,} detections in\n"
        f"{len(found)} episodes, the most evident first."
    )
    return [Table("Real flights", note, rows)]


def _episodes(report: Report) -> list[str] | None:
    return report.get("flights", {}).get("replay", {}).get("episodes")
