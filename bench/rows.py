"""The rows of a table of programs: the readings of the rounds, and their summary."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from child import ProgramError
from programs import Reading


@dataclass
class Runs:
    """One program's readings on the full topic, and on a tiny one, which measures start-up and shut-down."""

    events: int
    tiny_events: int
    full: list[Reading] = field(default_factory=list)
    tiny: list[Reading] = field(default_factory=list)

    def rates(self) -> list[float]:
        """Return the events a second of each round."""
        if not all(reading.seconds for reading in self.full):
            raise ProgramError("the first scrape showed every event already: there are too few --events to time them")
        return [reading.events / reading.seconds for reading in self.full]

    def cpu_us_per_event(self) -> float:
        """Return the CPU time per event, without start-up and shut-down."""
        more = middle(self.full, cpu_seconds) - middle(self.tiny, cpu_seconds)
        return more / (self.events - self.tiny_events) * 1e6

    def ready_seconds(self) -> float | None:
        times = [reading.ready_seconds for reading in self.tiny if reading.ready_seconds is not None]
        return median(times) if times else None


@dataclass(frozen=True)
class Row:
    """The summary of a program: medians over the rounds, but the maximum of the peak memory.

    `spread` is the range of events/s divided by its median.
    """

    name: str
    events_per_second: float
    spread: float
    cpu_us_per_event: float
    peak_mb: float
    ready_seconds: float | None

    def faster(self, peer: "Row") -> float:
        return self.events_per_second / peer.events_per_second

    def lighter(self, peer: "Row") -> float:
        return peer.cpu_us_per_event / self.cpu_us_per_event


def cpu_seconds(reading: Reading) -> float:
    return reading.cpu_seconds


def middle(readings: Sequence[Reading], figure: Callable[[Reading], float]) -> float:
    return median(figure(reading) for reading in readings)


def summarise(name: str, runs: Runs) -> Row:
    rates = runs.rates()
    return Row(
        name=name,
        events_per_second=median(rates),
        spread=(max(rates) - min(rates)) / median(rates),
        cpu_us_per_event=runs.cpu_us_per_event(),
        peak_mb=max(reading.peak_mb for reading in runs.full),
        ready_seconds=runs.ready_seconds(),
    )


def cells(rows: Mapping[str, Row], bases: Mapping[str, str]) -> list[list[str]]:
    """Return the table, its head first; a ratio above 1 means that the row's program is better.

    Args:
        rows: The rows by name.
        bases: The names of the rows that the others are compared with, by their letters.
    """
    ratios = [f"x ({letter})" for letter in bases]
    head = ["program", "events/s", "spread", *ratios, "CPU us/event", *ratios, "peak MB", "ready s"]
    return [head, *(_line(row, [rows[name] for name in bases.values()]) for row in rows.values())]


def _line(row: Row, peers: Sequence[Row]) -> list[str]:
    ready = "" if row.ready_seconds is None else f"{row.ready_seconds:.2f}"
    return [
        row.name,
        f"{row.events_per_second:,.0f}",
        f"{row.spread:.0%}",
        *(f"{row.faster(peer):.2f}" for peer in peers),
        f"{row.cpu_us_per_event:.1f}",
        *(f"{row.lighter(peer):.2f}" for peer in peers),
        f"{row.peak_mb:.0f}",
        ready,
    ]


def text(lines: Sequence[Sequence[str]]) -> str:
    """Return lines of cells as text, the first column to the left and the others to the right."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(aligned(line, widths) for line in lines)


def aligned(line: Sequence[str], widths: Sequence[int]) -> str:
    name, *figures = line
    padded = [figure.rjust(width) for figure, width in zip(figures, widths[1:], strict=True)]
    return "  ".join([name.ljust(widths[0]), *padded]).rstrip()
