"""The summary of `waiting.py`: its lines and gates."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from gates import Gate
from rows import aligned

COSTS, RESTART, THROUGHPUT, STOPS = "costs", "restart", "throughput", "stops"
COST_RATIO = 1.5
MB_LIMIT = 300.0
READY_LIMIT_S = 2.0
MIN_SHARE = 0.5
STOP_LIMIT_MS = 100.0
STOP_NAMES = {
    "predictions": "every 0.25 s, predictions",
    "labels": "every 0.25 s, with labels",
    "full": "with the most changes",
}


def summarise(report: Mapping[str, Any]) -> tuple[list[str], list[Gate]]:
    """Return the lines of the measured parts, and the gates."""
    lines = [f"{report['machine']}"] if "machine" in report else []
    gates: list[Gate] = []
    for part in (_costs, _build, _restart, _throughput, _stops):
        part_lines, part_gates = part(report)
        lines += [*part_lines, ""] if part_lines else []
        gates += part_gates
    return lines[:-1], gates


Part = tuple[Sequence[str], Sequence[Gate]]


def _costs(report: Mapping[str, Any]) -> Part:
    if COSTS not in report:
        return (), ()
    few, many = f"{report['few']:,} waiting", f"{report['waiting']:,} waiting"
    rows, gates = [["us an event", few, "CPU", many, "CPU", "ratio", "of CPU"]], []
    for name, sides in report[COSTS].items():
        if not isinstance(sides, dict):
            continue
        wall = [median(sides[side]["wall"]) for side in ("few", "many")]
        cpu = [median(sides[side]["cpu"]) for side in ("few", "many")]
        ratio, of_cpu = wall[1] / wall[0], cpu[1] / cpu[0]
        figures = (wall[0], cpu[0], wall[1], cpu[1])
        rows.append([name, *(f"{figure:.1f}" for figure in figures), f"{ratio:.2f}", f"{of_cpu:.2f}"])
        what = f"cost: {name} at most {COST_RATIO} x: {ratio:.2f} x by the clock, {of_cpu:.2f} x by CPU time"
        gates.append(Gate(ratio <= COST_RATIO, what))
    return _table(rows), gates


def _build(report: Mapping[str, Any]) -> Part:
    if "build" not in report:
        return (), ()
    built, waiting = report["build"], report["waiting"]
    stored = (
        f"{waiting:,} waiting predictions stored in {built['seconds']:.0f} s ({built['cpu_seconds']:.0f} s of CPU)"
    )
    lines = [f"{stored} and {built['disk_mb']:,.0f} MB of disk"]
    peak = f"peak memory with {waiting:,} waiting under {MB_LIMIT:.0f} MB: {built['peak_mb']:.0f} MB"
    return lines, [Gate(built["peak_mb"] < MB_LIMIT, peak)]


def _restart(report: Mapping[str, Any]) -> Part:
    if RESTART not in report:
        return (), ()
    rows = [["restart with all of them", "ready s", "2,000 labels matched s", "peak MB"]]
    rows += [
        [f"after {'it was built' if not number else 'SIGKILL'}", *(f"{figure:.2f}" for figure in one.values())]
        for number, one in enumerate(report[RESTART])
    ]
    worst = max(one["ready_seconds"] for one in report[RESTART])
    what = f"ready under {READY_LIMIT_S:.0f} s with {report['waiting']:,} waiting: {worst:.2f} s at worst"
    return _table(rows), [Gate(worst < READY_LIMIT_S, what)]


def _throughput(report: Mapping[str, Any]) -> Part:
    if THROUGHPUT not in report:
        return (), ()
    head = ["from Kafka, with --state-dir", "predictions/s", "spread", "x no labels", "CPU us each", "x no labels"]
    rows, gates, plain = [[*head, "outcomes"]], [], (0.0, 0.0)
    for name, runs in report[THROUGHPUT].items():
        rates = [run["events"] / run["seconds"] for run in runs]
        rate, spread = median(rates), (max(rates) - min(rates)) / median(rates)
        cpu = median(run["cpu_seconds"] / run["events"] * 1e6 for run in runs)
        plain = plain if any(plain) else (rate, cpu)
        share, of_cpu = rate / plain[0], plain[1] / cpu
        figures = [f"{rate:,.0f}", f"{spread:.0%}", f"{share:.2f}", f"{cpu:.1f}", f"{of_cpu:.2f}"]
        rows.append([name, *figures, f"{runs[-1]['notes']['outcomes']:,.0f}"])
        if len(rows) > 2:
            what = f"throughput with {name} at least {MIN_SHARE} x that without"
            what += f": {share:.2f} x by the clock, {of_cpu:.2f} x by CPU time"
            gates.append(Gate(min(share, of_cpu) >= MIN_SHARE, what))
    return _table(rows), gates


def _stops(report: Mapping[str, Any]) -> Part:
    if STOPS not in report:
        return (), ()
    head = ["checkpoints stop the loop", "count", "p50 ms", "CPU", "p99 ms", "CPU", "max ms", "records/s"]
    rows, gates = [[*head, "signals", "state kB"]], []
    for kind, reading in report[STOPS].items():
        stops, cpu = sorted(reading["stops_ms"]), sorted(reading["stops_cpu_ms"])
        p99 = _p99(stops)
        figures = [len(stops), median(stops), median(cpu), p99, _p99(cpu), stops[-1]]
        figures += [reading["records_per_second"], reading["signals"], reading["state_kb"]]
        rows.append([STOP_NAMES[kind], *(f"{figure:,.0f}" for figure in figures)])
        limit = f"a checkpoint {STOP_NAMES[kind]} stops for at most {STOP_LIMIT_MS:.0f} ms at p99: {p99:.0f} ms"
        gates.append(Gate(p99 <= STOP_LIMIT_MS, limit))
    return _table(rows), gates


def _p99(ordered: Sequence[float]) -> float:
    """Return the 99th percentile of ordered values."""
    return ordered[round(0.99 * (len(ordered) - 1))]


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [aligned(row, widths) for row in rows]
