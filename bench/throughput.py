"""The cost of the sidecar on a real Kafka, beside other programs that read the same topics, and at live rates.

Run by `make bench`. bench/README.md explains the scenarios, the rows and their limits.
"""

import argparse
import json
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import ModuleType
from typing import Any

import live
import machine
import replay
from child import ProgramError
from programs import Program, Topic
from rows import Row, Runs, cells, summarise, text
from scenarios import SCENARIOS, Scenario, pythons
from topics import KINDS, broker, filled

TINY = 4
EMBEDDED_BYTES = 14_000_000
UNSTEADY = 0.25
PYTHONS = "pythons"
FAILED = "a program failed"
NOT_ASKED = "it was not asked for"
NAMES = (*SCENARIOS, PYTHONS, live.NAME, replay.NAME)


def main() -> int:
    arguments = parse()
    report: dict[str, Any] = {**machine.setting(), "rounds": arguments.rounds, "scenarios": {}, "left_out": {}}
    with broker() as (kind, unmade):
        report["broker"] = KINDS[kind]
        print(f"{KINDS[kind]}, {machine.line(report)}")
        for name in NAMES:
            measure(name, kind, unmade, arguments, report)
    failed = any(why.startswith(FAILED) for why in report["left_out"].values())
    return 1 if failed else 0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenario", action="append", choices=NAMES, help="measure this alone; repeatable")
    parser.add_argument("--events", type=int, help="events in each topic, instead of each scenario's own number")
    parser.add_argument("--rounds", type=int, default=3, help="times that each program runs (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=20.0, help="of each live rate (default: %(default)s)")
    parser.add_argument("--against", type=Path, metavar="CHECKOUT", help="also run the sidecar of another checkout")
    parser.add_argument("--python", action="append", default=[], metavar="PATH", help="another Python; repeatable")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every reading and the summary to FILE")
    arguments = parser.parse_args()
    if (arguments.events or 1000) < 1000 or arguments.rounds < 1:
        parser.error("at least 1000 --events and 1 of --rounds, or there is nothing to measure")
    arguments.against = arguments.against and arguments.against.resolve()
    return arguments


def measure(name: str, kind: str, unmade: Topic, arguments: argparse.Namespace, report: dict[str, Any]) -> None:
    """Measure a part and print it; add it to the report, or to what was left out with the reason."""
    why = reason_to_leave_out(name, kind, arguments)
    try:
        if not why:
            add(name, kind, unmade, arguments, report)
    except ProgramError as failure:
        why = f"{FAILED}: {str(failure).splitlines()[-1]}"
        print(failure, file=sys.stderr)
    if why:
        report["left_out"][name] = why
        print("" if why == NOT_ASKED else f"\n{name}: left out, {why}\n", end="")
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


def add(name: str, kind: str, unmade: Topic, arguments: argparse.Namespace, report: dict[str, Any]) -> None:
    """Measure a part, and add it to the report."""
    if name == live.NAME:
        report[name] = printed(live, live.measure(unmade, arguments.seconds, arguments.against))
    elif name == replay.NAME:
        report[name] = printed(replay, replay.measure(arguments.rounds, arguments.against))
    else:
        scenario = SCENARIOS[name] if name in SCENARIOS else pythons(interpreters(arguments.python))
        report["scenarios"][name] = of_scenario(scenario.against(arguments.against), kind, unmade, arguments)


def reason_to_leave_out(name: str, kind: str, arguments: argparse.Namespace) -> str:
    """Return why this part is not measured, or an empty text."""
    if arguments.scenario and name not in arguments.scenario:
        return NOT_ASKED
    if name == PYTHONS and not arguments.python:
        return "no other interpreter was given by --python"
    if name == live.NAME and kind != "kafka":
        return f"it needs a real Kafka, and this is {KINDS[kind]}"
    return ""


def interpreters(paths: Sequence[str]) -> dict[str, str]:
    """Return the interpreters by their versions, this one first."""
    ask = "import platform; print(platform.python_version())"
    every = [sys.executable, *paths]
    return {
        subprocess.run([path, "-c", ask], capture_output=True, text=True, check=True).stdout.strip(): path
        for path in every
    }


def printed(part: ModuleType, found: dict[str, Any]) -> dict[str, Any]:
    """Print the table and the limits of a part that has its own; return what was found."""
    print("", part.ABOUT, text(part.cells(found)), *part.gates(found), sep="\n", flush=True)
    return found


def of_scenario(scenario: Scenario, kind: str, unmade: Topic, arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure a scenario, and print its table."""
    events = number_of_events(scenario, kind, arguments.events)
    shape = (scenario.features, scenario.labels)
    with (
        filled(unmade, f"{scenario.name}-tiny", TINY, *shape) as (tiny, _),
        filled(unmade, scenario.name, events, *shape) as (full, size),
    ):
        print(
            f"\n{scenario.name}: {scenario.about}\n{events:,} events of {size:.0f} bytes, {arguments.rounds} rounds"
        )
        everything = take_turns(scenario.programs, tiny, full, arguments.rounds)
    rows = {name: summarise(name, runs) for name, runs in everything.items()}
    gates = [gate for limit in scenario.limits if (gate := limit.check(rows, scenario.bases))]
    print(text(cells(rows, scenario.bases)), *notes(everything), *gates, *doubts(kind, rows), sep="\n")
    return {
        "about": scenario.about,
        "events": events,
        "mean_event_bytes": size,
        "bases": dict(scenario.bases),
        "rows": [asdict(row) for row in rows.values()],
        "gates": [asdict(gate) for gate in gates],
        "runs": {name: asdict(runs) for name, runs in everything.items()},
    }


def number_of_events(scenario: Scenario, kind: str, wanted: int | None) -> int:
    """Return the number of events; the embedded broker keeps only a few MB of them."""
    events = wanted or scenario.events
    return min(events, EMBEDDED_BYTES // (60 + 22 * scenario.features)) if kind == "embedded" else events


def take_turns(chosen: Sequence[Program], tiny: Topic, full: Topic, rounds: int) -> dict[str, Runs]:
    """Run every program once per round, in a rotating order, so that disturbances affect all alike."""
    everything = {program.name: Runs(full.events, tiny.events) for program in chosen}
    for number in range(rounds):
        first = number % len(chosen)
        for program in (*chosen[first:], *chosen[:first]):
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


def notes(everything: Mapping[str, Runs]) -> Iterator[str]:
    """Yield the counts that the programs report for the last round, as evidence of complete processing."""
    for name, runs in everything.items():
        if found := runs.full[-1].notes:
            counts = (f"{key} {value:,.4g}" if value < 1 else f"{key} {value:,.0f}" for key, value in found.items())
            yield f"{name}: {', '.join(counts)}"


def doubts(kind: str, rows: Mapping[str, Row]) -> Iterator[str]:
    """Yield reasons why the gates may not be valid."""
    if kind == "embedded":
        yield "These limits are for a real Kafka: on the embedded broker they are not valid."
    worst = max(rows.values(), key=lambda row: row.spread)
    if worst.spread > UNSTEADY:
        yield f"Not steady: events/s of '{worst.name}' varied by {worst.spread:.0%}. Is the machine busy?"


if __name__ == "__main__":
    sys.exit(main())
