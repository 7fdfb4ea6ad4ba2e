"""The quality of detection: delays and false alarms of this project compared with its peers.

Run by `make bench-quality`. bench/quality/README.md explains the streams, the columns and the gates.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import external
import ours
import reference
from dependent import delays, false_alarms
from dependent_streams import DEPENDENT
from document import document
from estimated import estimated
from estimated_streams import streams
from flights import episodes
from frontier import FRONTIER, frontier
from gates import gates
from install_peers import DEFAULT
from measure import SIZES, annotated_series, measure
from program import Program
from seasonal import CASES, seasonal_alarms
from tables import tables
from whole import FEATURES, whole_model

#: The order in which programs start: slow ones first, for an even load until the end.
ORDER = {"slow": 0, "medium": 1, "fast": 2}
#: Where the result of each measurement goes: a part of the report, and the name in it.
Running = dict[Future[Any], tuple[dict[str, Any], str]]
WHOLE_PEERS = ("river ADWIN", "river PageHinkley")


def main() -> int:
    arguments = parse()
    began = time.monotonic()
    report = run(arguments)
    progress("")
    print(*(table.text() for table in tables(report)), sep="\n")
    checked = gates(report)
    print(*(gate for gate in checked if gate.is_asked), "\nFor comparison:", sep="\n")
    print(*(gate for gate in checked if not gate.is_asked), f"\n{time.monotonic() - began:.0f} s", sep="\n")
    save(report, arguments.json)
    if arguments.docs:
        arguments.docs.write_text(document(report), encoding="utf-8")
    return 0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="under a minute: fewer values, and no slow programs")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all readings and the gates to FILE")
    parser.add_argument("--docs", type=Path, metavar="FILE", help="write the tables to FILE, as Markdown")
    parser.add_argument(
        "--peers", type=Path, default=DEFAULT, metavar="DIR", help="directory of the peers' environments"
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes at once (default: %(default)s)")
    parser.add_argument(
        "--only", default="", metavar="TEXT", help="only programs and streams with TEXT in their name"
    )
    parser.add_argument("--section", choices=list(SECTIONS), help="only this section; the others are those of --keep")
    parser.add_argument("--keep", type=Path, metavar="FILE", help="take the peers' readings from an earlier --json")
    return parser.parse_args()


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return all readings and the gates."""
    report = empty(arguments)
    with ProcessPoolExecutor(arguments.jobs) as pool:
        running: Running = {}
        for section in SECTIONS:
            if arguments.section in (section, None):
                running.update(SECTIONS[section](pool, report, arguments))
        for number, done in enumerate(as_completed(running), 1):
            where, name = running[done]
            where[name] = done.result()
            progress(f"{number} of {len(running)}: {name}")
            save(report, arguments.json)
    return {**report, "gates": [asdict(gate) for gate in gates(report)]}


def start_programs(pool: ProcessPoolExecutor, report: dict[str, Any], arguments: argparse.Namespace) -> Running:
    """Start the measurements of this project and its peers on the streams of `streams.py`."""
    programs = [*ours.programs(), *reference.programs(), *external.programs(arguments.peers)]
    programs = [each for each in programs if arguments.only in each.name]
    form = report["form"]
    report["programs"], report["whole"] = {each.name: {} for each in programs}, {}
    report["real"] = {} if arguments.only else annotated_series([*ours.real_programs(), *real_peers(form)])
    kept = keep(report, arguments.keep)
    wanted = [each for each in programs if not report["programs"][each.name]]
    running: Running = {}
    for each in sorted(wanted, key=lambda one: ORDER[one.cost]):
        running[pool.submit(measure, each, form)] = report["programs"], each.name
    for peer in () if arguments.only else (None, *(each for each in programs if each.name in WHOLE_PEERS)):
        name = peer.name if peer else ours.NAME
        for features in () if name in kept else FEATURES:
            done = pool.submit(whole_model, peer, features, form)
            running[done] = report["whole"].setdefault(name, {}), str(features)
    return running


def start_dependent(pool: ProcessPoolExecutor, report: dict[str, Any], arguments: argparse.Namespace) -> Running:
    """Start the measurements of this project on streams of dependent values."""
    running: Running = {}
    alarms, late = report["dependent"].setdefault("alarms", {}), report["dependent"].setdefault("delays", {})
    for stream in DEPENDENT:
        if arguments.only in stream.name:
            running[pool.submit(false_alarms, stream, report["form"])] = alarms, stream.name
            if stream.shift:
                running[pool.submit(delays, stream, report["form"])] = late, stream.name
    return running


def start_seasonal(pool: ProcessPoolExecutor, report: dict[str, Any], arguments: argparse.Namespace) -> Running:
    """Start the measurements of this project on streams with a season."""
    chosen = [case for case in CASES if arguments.only in case.name]
    return {pool.submit(seasonal_alarms, case, report["form"]): (report["seasonal"], case.name) for case in chosen}


def start_flights(pool: ProcessPoolExecutor, report: dict[str, Any], _: argparse.Namespace) -> Running:
    """Start the replay of real flights."""
    return {pool.submit(episodes, report["form"]): (report["flights"], "replay")}


def start_estimated(pool: ProcessPoolExecutor, report: dict[str, Any], arguments: argparse.Namespace) -> Running:
    """Start the estimates of accuracy before labels come."""
    where, form = report.setdefault("estimated", {}), report["form"]
    chosen = [key for key in streams() if arguments.only in key[1]]
    return {pool.submit(estimated, key, form, arguments.peers.absolute()): (where, key[1]) for key in chosen}


def start_frontier(pool: ProcessPoolExecutor, report: dict[str, Any], _: argparse.Namespace) -> Running:
    """Start the measurements of this project with other settings of the estimate of dependence."""
    where = report.setdefault("frontier", {})
    return {pool.submit(frontier, each, report["form"]): (where, each.name) for each in FRONTIER}


#: The sections of the bench: each starts its measurements, and tells where their results go.
SECTIONS: dict[str, Callable[[ProcessPoolExecutor, dict[str, Any], argparse.Namespace], Running]] = {
    "programs": start_programs,
    "dependent": start_dependent,
    "frontier": start_frontier,
    "seasonal": start_seasonal,
    "flights": start_flights,
    "estimated": start_estimated,
}


def empty(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the report before anything is measured; with one section alone, the others are those of `--keep`."""
    form = "short" if arguments.short else "full"
    report: dict[str, Any] = {
        "form": form,
        "machine": f"Python {platform.python_version()}, {os.cpu_count()} CPUs",
        "versions": versions(arguments.peers),
        "sizes": {cost: asdict(sizes) for cost, sizes in SIZES[form].items()},
        "programs": {},
        "whole": {},
        "dependent": {},
        "frontier": {},
        "seasonal": {},
        "flights": {},
        "estimated": {},
        "real": {},
        "gates": [],
    }
    if arguments.section and arguments.keep:
        report |= json.loads(arguments.keep.read_text(encoding="utf-8"))
    return report


def keep(report: dict[str, Any], file: Path | None) -> set[str]:
    """Copy the peers' readings of an earlier run with the same form, sizes and versions.

    Returns:
        The names of the peers whose readings of the whole model were copied.
    """
    earlier = json.loads(file.read_text(encoding="utf-8")) if file else {}
    if any(earlier.get(part) != report[part] for part in ("form", "sizes", "versions")):
        return set()
    known = {name for name, reading in earlier["programs"].items() if reading and "missing" not in reading}
    known = {name for name in known & set(report["programs"]) if not name.startswith(ours.NAME)}
    report["programs"].update({name: earlier["programs"][name] for name in report["programs"] if name in known})
    whole = {name: readings for name, readings in earlier["whole"].items() if name in known and len(readings) > 1}
    report["whole"].update(whole)
    return set(whole)


def save(report: dict[str, Any], file: Path | None) -> None:
    if file:
        file.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


def real_peers(form: str) -> Sequence[Program]:
    """Return river's programs for the annotated series; in the short form without KSWIN, which takes seconds."""
    found = [*reference.programs()[:2], *reference.real_programs()]
    return [each for each in found if form == "full" or "KSWIN" not in each.name]


def versions(peers: Path) -> dict[str, str]:
    named = {library: external.version(peers, library) for library in external.DETECTORS}
    return {"river": version("river"), **named}


def progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
