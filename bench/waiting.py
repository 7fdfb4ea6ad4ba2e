"""The cost of predictions that wait for late labels, in time, memory, restarts and checkpoints.

Run by `make bench`, or alone by `make bench-join`. bench/README.md explains the lines and their limits.
"""

import argparse
import contextlib
import json
import os
import platform
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from child import HERE, Child, ProgramError
from programs import Topic
from throughput import progress
from topics import KINDS, broker
from waiting_sidecar import FOUND, restart, take_turns, topics
from waiting_summary import COSTS, RESTART, STOPS, THROUGHPUT, summarise

PARTS = (COSTS, RESTART, THROUGHPUT, STOPS)
STOP_KINDS = ("predictions", "labels", "full")
#: The time limit for storing ten million waiting predictions, in seconds.
BUILD_LIMIT_S = 1800


def main() -> int:
    arguments = parse()
    machine = f"Python {platform.python_version()}, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f} before"
    try:
        with tempfile.TemporaryDirectory(dir=arguments.directory, prefix="stream-monitor-bench-") as made:
            report = {"machine": machine, **measure(arguments, Path(made))}
    except ProgramError as failure:
        print(failure, file=sys.stderr)
        return 1
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=2) + "\n")
    return 0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    number = {"type": int, "metavar": "COUNT"}
    parser.add_argument(
        "--waiting", default=10_000_000, help="predictions that wait (default: %(default)s)", **number
    )
    parser.add_argument(
        "--few", default=100_000, help="predictions in the small state (default: %(default)s)", **number
    )
    parser.add_argument("--blocks", default=25, help="blocks of 20,000 of each cost (default: %(default)s)", **number)
    parser.add_argument("--events", default=100_000, help="predictions in Kafka (default: %(default)s)", **number)
    parser.add_argument("--rounds", default=3, help="times that each sidecar runs (default: %(default)s)", **number)
    parser.add_argument("--checkpoints", default=300, help="checkpoints of a kind (default: %(default)s)", **number)
    parser.add_argument("--part", action="append", choices=PARTS, help="measure this alone; repeatable")
    parser.add_argument("--directory", type=Path, metavar="DIR", help="directory of the temporary states, up to 3 GB")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every reading and the limits to FILE")
    arguments = parser.parse_args()
    counts = (arguments.few, arguments.blocks, arguments.rounds, arguments.checkpoints, arguments.events // 1000)
    if min(counts) < 1 or arguments.waiting < 100_000:
        parser.error("at least 1 of each, 1,000 --events and 100,000 --waiting, or there is nothing to measure")
    arguments.part = arguments.part or list(PARTS)
    return arguments


def measure(arguments: argparse.Namespace, directory: Path) -> dict[str, Any]:
    """Measure every requested part; print and return the report."""
    report: dict[str, Any] = {"waiting": arguments.waiting, "few": arguments.few}
    with kafka(arguments.part) as (kind, unmade):
        report["broker"] = kind
        if COSTS in arguments.part or RESTART in arguments.part:
            report |= of_many(arguments, unmade, directory)
        if unmade and THROUGHPUT in arguments.part:
            progress("throughput, with labels and without")
            with topics(unmade, "late", arguments.events) as topic:
                readings = take_turns(topic, directory, arguments.rounds)
            report[THROUGHPUT] = {name: [vars(one) for one in runs] for name, runs in readings.items()}
    if STOPS in arguments.part:
        report[STOPS] = {each: stops(each, arguments.checkpoints, directory) for each in STOP_KINDS}
    progress("")
    lines, gates = summarise(report)
    print(*lines, "", *gates, sep="\n")
    return {**report, "gates": [vars(gate) for gate in gates]}


@contextlib.contextmanager
def kafka(parts: Sequence[str]) -> Iterator[tuple[str, Topic | None]]:
    """Yield the kind of a Kafka and a topic on it, or None if no part needs one or no real one is available."""
    if not {RESTART, THROUGHPUT} & set(parts):
        yield "none", None
        return
    with broker() as (kind, unmade):
        if kind == "embedded":
            print(f"Not on {KINDS[kind]}: {RESTART}, {THROUGHPUT}.", file=sys.stderr)
        yield kind, unmade if kind == "kafka" else None


def of_many(arguments: argparse.Namespace, unmade: Topic | None, directory: Path) -> dict[str, Any]:
    """Measure a state with many waiting predictions: building it, restarting on it, and continuing with it."""
    state, report = directory / "many", {}
    with contextlib.ExitStack() as stack:
        restarts = unmade is not None and RESTART in arguments.part
        topic = stack.enter_context(topics(unmade, "many")) if unmade and restarts else None
        names = [topic.name, f"{topic.name}-after"] if topic else ["predictions", "labels"]
        progress(f"storing {arguments.waiting:,} waiting predictions")
        built = run_script("waiting_build.py", state, arguments.waiting, *names)
        report["build"] = built
        if topic:
            progress("restarts")
            found = restart(topic, state, arguments.waiting, arguments.rounds)
            report[RESTART] = [vars(one) for one in found]
    if COSTS in arguments.part:
        progress("insert and match")
        gone = FOUND * len(report.get(RESTART, ()))
        sizes = (arguments.waiting, gone, built["start_ms"], arguments.few, arguments.blocks)
        report[COSTS] = run_script("waiting_costs.py", state, *sizes)
    return report


def stops(kind: str, checkpoints: int, directory: Path) -> dict[str, Any]:
    progress(f"checkpoints: {kind}")
    with tempfile.TemporaryDirectory(dir=directory) as state:
        return run_script("waiting_stops.py", state, kind, checkpoints)


def run_script(name: str, *arguments: object) -> dict[str, Any]:
    """Run a script; return its output with its CPU time and peak memory."""
    with Child([sys.executable, str(HERE / name), *map(str, arguments)]) as child:
        cpu_seconds, peak_mb = child.end(limit=BUILD_LIMIT_S)
        output: dict[str, Any] = json.loads(child.output())
    return {**output, "cpu_seconds": cpu_seconds, "peak_mb": peak_mb}


if __name__ == "__main__":
    sys.exit(main())
