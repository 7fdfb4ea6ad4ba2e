"""The summary of the throughput benchmark: rows, gates and the table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median

from programs import BY_HAND, LIMIT, LOOP, OURS, Reading

PEERS = {"a": LIMIT.name, "b": LOOP.name, "c": BY_HAND.name}
MIN_RATIO = {"b": 1.0, "c": 2.4}
MB_LIMIT = 200.0
READY_LIMIT_S = 3.0


@dataclass
class Runs:
    """One program's readings on the full topic, and on a tiny one, which measures start-up and shut-down."""

    events: int
    tiny_events: int
    full: list[Reading] = field(default_factory=list)
    tiny: list[Reading] = field(default_factory=list)

    def rates(self) -> list[float]:
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


@dataclass(frozen=True)
class Gate:
    holds: bool
    what: str

    def __str__(self) -> str:
        return f"{'holds' if self.holds else 'falls short':<13}{self.what}"


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


def gates(rows: dict[str, Row]) -> list[Gate]:
    """Return the gates; one on throughput has to hold both by the clock and by CPU time."""
    ours = rows[OURS.name]
    checked = []
    for letter, ratio in MIN_RATIO.items():
        peer = rows[PEERS[letter]]
        faster, lighter = ours.faster(peer), ours.lighter(peer)
        what = f"throughput {ratio:.1f} x ({letter}): {faster:.2f} x by the clock, {lighter:.2f} x by CPU time"
        checked.append(Gate(min(faster, lighter) >= ratio, what))
    peak = f"peak memory under {MB_LIMIT:.0f} MB: {ours.peak_mb:.0f} MB"
    checked.append(Gate(ours.peak_mb < MB_LIMIT, peak))
    ready = ours.ready_seconds if ours.ready_seconds is not None else float("inf")
    what = f"first poll under {READY_LIMIT_S:.0f} s after the start: {ready:.2f} s"
    return [*checked, Gate(ready < READY_LIMIT_S, what)]


def table(rows: dict[str, Row]) -> str:
    """Return the table as text; a ratio above 1 means that the row's program is better."""
    head = ["program", "events/s", "spread", *(f"x ({letter})" for letter in PEERS)]
    head += ["CPU us/event", *(f"x ({letter})" for letter in PEERS), "peak MB", "ready s"]
    lines = [head, *(cells(row, [rows[name] for name in PEERS.values()]) for row in rows.values())]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(aligned(line, widths) for line in lines)


def cells(row: Row, peers: Sequence[Row]) -> list[str]:
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


def aligned(line: Sequence[str], widths: Sequence[int]) -> str:
    name, *figures = line
    padded = [figure.rjust(width) for figure, width in zip(figures, widths[1:], strict=True)]
    return "  ".join([name.ljust(widths[0]), *padded]).rstrip()
