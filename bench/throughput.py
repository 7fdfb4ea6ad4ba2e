"""End-to-end throughput on a real Kafka: the sidecar compared with three other programs that read the same topic.

Run by `make bench`. bench/README.md explains the rows and their limits.
"""

import argparse
import contextlib
import json
import os
import platform
import sys
import uuid
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from child import HERE, Child, ProgramError
from programs import OURS, OURS_BY_DEFAULT, PROGRAMS, Program, Reading, Topic
from summary import Row, Runs, gates, summarise, table

TINY = 4
EMBEDDED_LIMIT = 30_000
UNSTEADY = 0.25
KINDS = {"kafka": "Apache Kafka", "embedded": "the demo's embedded broker, NOT a real Kafka"}


def main() -> int:
    arguments = parse()
    load = os.getloadavg()[0]
    try:
        with broker() as (kind, topic):
            report = measure(kind, topic, programs(arguments.against), arguments.events, arguments.rounds, load)
    except ProgramError as failure:
        print(failure, file=sys.stderr)
        return 1
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=2) + "\n")
    return 0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=200_000, help="events in the topic (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="times that each program runs (default: %(default)s)")
    parser.add_argument("--against", type=Path, metavar="CHECKOUT", help="also run the sidecar of another checkout")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every reading and the summary to FILE")
    arguments = parser.parse_args()
    if arguments.events < 1000 or arguments.rounds < 1:
        parser.error("at least 1000 --events and 1 of --rounds, or there is nothing to measure")
    return arguments


def programs(against: Path | None) -> tuple[Program, ...]:
    """Return the programs to measure; with another checkout also its sidecar, as the last rows."""
    if against is None:
        return PROGRAMS
    ours = (OURS, OURS_BY_DEFAULT)
    return (*PROGRAMS, *(replace(one, name=f"{one.name}, other", checkout=against.resolve()) for one in ours))


@contextlib.contextmanager
def broker() -> Iterator[tuple[str, Topic]]:
    """Yield the kind of a Kafka, a real one if available, and a topic on it that does not exist yet."""
    sys.path.insert(0, str(HERE.parent))
    from tests.brokers import EmbeddedAdapter, find_kafka
    from tests.jars import NoKafka

    try:
        found = find_kafka()
    except NoKafka as none:
        print(f"{none}\n", file=sys.stderr)
        found = EmbeddedAdapter()
    with found:
        name = f"stream-monitor-bench-{uuid.uuid4().hex[:8]}"
        yield found.kind, Topic(found.bootstrap_servers, found.client_options, name, 0)


def measure(
    kind: str, unmade: Topic, chosen: tuple[Program, ...], events: int, rounds: int, load: float
) -> dict[str, Any]:
    if kind == "embedded" and events > EMBEDDED_LIMIT:
        print(f"The embedded broker keeps only a few MB: limited to {EMBEDDED_LIMIT:,} events.\n")
        events = EMBEDDED_LIMIT
    with filled(unmade, "tiny", TINY) as (tiny, _), filled(unmade, "full", events) as (full, size):
        machine = f"Python {platform.python_version()}, {os.cpu_count()} CPUs, load {load:.1f} before"
        print(f"{events:,} events of {size:.0f} bytes, {rounds} rounds, {KINDS[kind]}, {machine}\n")
        everything = take_turns(chosen, tiny, full, rounds)
    rows = {name: summarise(name, runs) for name, runs in everything.items()}
    checked = gates(rows)
    print(table(rows), *notes(everything), "", *checked, *doubts(kind, rows), sep="\n")
    return {
        "broker": kind,
        "machine": machine,
        "mean_event_bytes": size,
        "rounds": rounds,
        "rows": [asdict(row) for row in rows.values()],
        "gates": [asdict(gate) for gate in checked],
        "runs": {name: asdict(runs) for name, runs in everything.items()},
    }


@contextlib.contextmanager
def filled(unmade: Topic, suffix: str, events: int) -> Iterator[tuple[Topic, float]]:
    """Fill the topic; yield it with the mean size of its events in bytes; remove it afterwards."""
    topic = replace(unmade, name=f"{unmade.name}-{suffix}", events=events)
    command = [sys.executable, str(HERE / "events.py")]
    with Child([*command, "fill", topic.servers, topic.name, str(events)], topic.environment()) as child:
        child.end()
        size = float(json.loads(child.output())["mean_bytes"])
    try:
        yield topic, size
    finally:
        with Child([*command, "drop", topic.servers, topic.name, "0"], topic.environment()) as child:
            child.end()


def take_turns(chosen: tuple[Program, ...], tiny: Topic, full: Topic, rounds: int) -> dict[str, Runs]:
    """Run every program once per round, in a rotating order, so that disturbances affect all alike."""
    everything = {program.name: Runs(full.events, tiny.events) for program in chosen}
    for number in range(rounds):
        first = number % len(chosen)
        for program in chosen[first:] + chosen[:first]:
            runs = everything[program.name]
            group = f"bench-{uuid.uuid4().hex[:8]}"
            progress(f"round {number + 1} of {rounds}: {program.name}")
            runs.tiny.append(program.run(tiny, f"{group}-tiny"))
            runs.full.append(program.run(full, f"{group}-full"))
    progress("")
    return everything


def progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def notes(everything: dict[str, Runs]) -> Iterator[str]:
    """Yield the counts that the programs report for the last round, as evidence of complete processing."""
    yield ""
    for name, runs in everything.items():
        if counts := formatted_notes(runs.full[-1]):
            yield f"{name}: {counts}"


def doubts(kind: str, rows: dict[str, Row]) -> Iterator[str]:
    """Yield reasons why the gates may not be valid."""
    if kind == "embedded":
        yield "These limits are for a real Kafka: on the embedded broker they are not valid."
    if (spread := rows[OURS.name].spread) > UNSTEADY:
        yield f"Not steady: the sidecar's events/s varied by {spread:.0%}. Is the machine busy with something else?"


def formatted_notes(reading: Reading) -> str:
    return ", ".join(
        f"{key} {value:,.4g}" if value < 1 else f"{key} {value:,.0f}" for key, value in reading.notes.items()
    )


if __name__ == "__main__":
    sys.exit(main())
