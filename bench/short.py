"""The short form of the benchmark: the CPU time of the sidecar beside the loop (b), compared with committed ratios.

Run by `make bench-short` on the demo's embedded broker, in about a minute. It fails when a ratio is less than 70 % of
the committed one. `--update` writes the ratios of this run to bench/short.json instead.
"""

import argparse
import json
import sys
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import replace

from child import HERE, ProgramError
from programs import LOOP, OURS_BY_DEFAULT, Topic
from rows import Runs
from throughput import TINY, take_turns
from topics import broker, filled

COMMITTED = HERE / "short.json"
MIN_SHARE = 0.7
#: The number of events by that of their features: what the embedded broker keeps of them in all topics.
EVENTS = {20: 80_000, 200: 9_000}
NAMES = {f"{features} features": features for features in EVENTS}
TOPICS = 3


def main() -> int:
    arguments = parse()
    try:
        with broker(real=False) as (_, unmade):
            ratios = {name: measure(unmade, features, arguments.rounds) for name, features in NAMES.items()}
            for name in [] if arguments.update else fallen(ratios):
                print(f"{name}: {ratios[name]:.2f} x; measured again, with more rounds")
                ratios[name] = measure(unmade, NAMES[name], 2 * arguments.rounds)
    except ProgramError as failure:
        print(failure, file=sys.stderr)
        return 1
    if arguments.update:
        COMMITTED.write_text(json.dumps(ratios, indent=1) + "\n", encoding="utf-8")
    print(*verdicts(ratios), sep="\n")
    return 1 if fallen(ratios) else 0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="times that each program runs (default: %(default)s)")
    parser.add_argument("--update", action="store_true", help="write the ratios of this run to bench/short.json")
    return parser.parse_args()


def measure(unmade: Topic, features: int, rounds: int) -> float:
    """Return how many times the sidecar's CPU time an event goes into that of (b)."""
    name = f"{unmade.name}-{uuid.uuid4().hex[:6]}"
    topics = replace(unmade, name=",".join(f"{name}-{number}" for number in range(TOPICS)))
    with (
        filled(topics, "tiny", TINY * TOPICS, features) as (tiny, _),
        filled(topics, "full", EVENTS[features], features) as (full, _),
    ):
        everything = take_turns((LOOP, OURS_BY_DEFAULT), tiny, full, rounds)
    loop, ours = (least_cpu_seconds(everything[program.name]) for program in (LOOP, OURS_BY_DEFAULT))
    return loop / ours


def least_cpu_seconds(runs: Runs) -> float:
    """Return the CPU time of all events, without start-up and shut-down: what disturbs a run only adds to it."""
    return min(one.cpu_seconds for one in runs.full) - min(one.cpu_seconds for one in runs.tiny)


def fallen(ratios: Mapping[str, float]) -> list[str]:
    """Return the names of the ratios that are less than the allowed share of the committed ones."""
    committed = json.loads(COMMITTED.read_text(encoding="utf-8"))
    return [name for name, ratio in ratios.items() if ratio < MIN_SHARE * committed[name]]


def verdicts(ratios: Mapping[str, float]) -> Iterator[str]:
    """Yield a line for each ratio, beside the committed one."""
    committed = json.loads(COMMITTED.read_text(encoding="utf-8"))
    for name, ratio in ratios.items():
        word = "falls short" if name in fallen(ratios) else "holds"
        yield f"{word:<13}{name}: {ratio:.2f} x (b) by CPU time; committed {committed[name]:.2f}"


if __name__ == "__main__":
    sys.exit(main())
