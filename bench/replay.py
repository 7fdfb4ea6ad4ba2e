"""The part of the benchmark without Kafka: `stream-monitor replay` over CSV and Parquet.

Seconds and CPU time are those of the whole process, less those of the same over a file of four rows.
"""

import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from child import HERE, Child
from gates import Gate

NAME = "replay"
ROWS = 200_000
ABOUT = f"replay: {ROWS:,} rows of 20 features with label and score, every signal"
FORMATS = {"csv": 1.5, "parquet": 3.0}
TINY = 4
OURS, OTHER = "stream-monitor", "stream-monitor, other"

Seconds = tuple[float, float]
"""By the clock and of CPU time."""


def measure(rounds: int, against: Path | None) -> dict[str, Any]:
    """Return the seconds by the clock and of CPU time, of each checkout and format; the checkouts take turns."""
    checkouts = {OURS: HERE.parent} | ({OTHER: against} if against else {})
    found: dict[str, Any] = {kind: {name: [] for name in checkouts} for kind in FORMATS}
    with tempfile.TemporaryDirectory(prefix="stream-monitor-bench-") as made:
        directories = {rows: Path(made, str(rows)) for rows in (TINY, ROWS)}
        for rows, directory in directories.items():
            directory.mkdir()
            run([str(HERE / "replay_files.py"), str(directory), str(rows)], HERE.parent)
        for kind in FORMATS:
            for number in range(rounds):
                for name in list(checkouts)[:: -1 if number % 2 else 1]:
                    files = [directories[rows] / f"data.{kind}" for rows in (TINY, ROWS)]
                    few, all_rows = (replay(file, checkouts[name]) for file in files)
                    found[kind][name].append((all_rows[0] - few[0], all_rows[1] - few[1]))
    return found


def replay(file: Path, checkout: Path) -> Seconds:
    return run(["-m", "stream_monitor", "replay", str(file)], checkout)


def run(arguments: Sequence[str], checkout: Path) -> Seconds:
    """Run Python with these arguments on a checkout; return the seconds by the clock and of CPU time."""
    with Child([sys.executable, *arguments], {"PYTHONPATH": str(checkout)}, checkout) as child:
        cpu_seconds, _ = child.end()
        return time.monotonic() - child.started, cpu_seconds


def cells(found: Mapping[str, Any]) -> list[list[str]]:
    """Return the table, its head first."""
    lines = [["format", "program", "rows/s", "CPU us/row"]]
    for kind, programs in found.items():
        for name, seconds in programs.items():
            clock, cpu = medians(seconds)
            lines.append([kind, name, f"{ROWS / clock:,.0f}", f"{cpu / ROWS * 1e6:.1f}"])
    return lines


def gates(found: Mapping[str, Any]) -> list[Gate]:
    """Return the limits against another checkout, if there is one."""
    checked = []
    for kind, programs in found.items():
        if OTHER in programs:
            ours, other = (medians(programs[name]) for name in (OURS, OTHER))
            faster, lighter = other[0] / ours[0], other[1] / ours[1]
            what = f"replay of {kind}, against the other: {lighter:.2f} x by CPU time, {faster:.2f} x by the clock"
            checked.append(Gate(min(faster, lighter) >= FORMATS[kind], f"{what}; at least {FORMATS[kind]}"))
    return checked


def medians(seconds: Sequence[Seconds]) -> Seconds:
    return median(clock for clock, _ in seconds), median(cpu for _, cpu in seconds)
