"""The cost of the answers to the seven mistakes: CPU time and memory of `replay` with each of them, and with all.

`python bench/answers.py [--events 200000] [--rounds 3]`: the programs take turns, so that other load on the machine
affects all of them. Prints the median CPU time of an event, less that of the same program over a few events; its
throughput relative to the program without any answer; and the peak memory above that one's.
"""

import argparse
import random
import sys
import tempfile
from pathlib import Path
from statistics import median

import orjson
from child import Child

FEATURES, FEW = 20, 2_000
ONE, TWO = ("7",), ("7", "8")
CONTRACT, GROUP = ("--contract", "contract.yaml"), ("--group", "region=groups.region", "--positive", "yes")
BASELINES, NONE = ("--baseline", "trivial"), ("--baseline", "none")
#: The versions in the events, and the flags, of each program.
PROGRAMS = {
    "without": (ONE, NONE),
    "two versions": (TWO, NONE),
    "contract, 20 features": (ONE, (*NONE, *CONTRACT)),
    "group of four values": (ONE, (*NONE, *GROUP)),
    "baselines": (ONE, BASELINES),
    "all": (TWO, (*BASELINES, *CONTRACT, *GROUP)),
}


def write_events(path: Path, count: int, versions: tuple[str, ...]) -> None:
    """Write events with numeric features, a score, a group and the label."""
    rng = random.Random(1)
    with path.open("wb") as file:
        for at in range(count):
            score = rng.random()
            event = {
                "id": f"{at}",
                "ts": 1_790_000_000 + at / 100,
                "model": "m",
                "version": rng.choice(versions),
                "features": {f"f{n}": round(rng.gauss(0.0, 1.0), 4) for n in range(FEATURES)},
                "groups": {"region": rng.choice(("north", "east", "south", "west"))},
                "prediction": "yes" if score > 0.5 else "no",
                "score": round(score, 4),
                "label": "yes" if rng.random() < score else "no",
            }
            file.write(orjson.dumps(event) + b"\n")


def write_contract(path: Path) -> None:
    """Write an input contract over all features."""
    rows = "".join(f"  f{n}: {{type: number, minimum: -6, maximum: 6, required: true}}\n" for n in range(FEATURES))
    path.write_text(f"contract: 1\nadditional_features: true\nfeatures:\n{rows}", encoding="utf-8")


def run(directory: Path, name: str, count: int) -> tuple[float, float]:
    """Run a program; return its CPU seconds and its peak memory in MB."""
    versions, flags = PROGRAMS[name]
    command = [sys.executable, "-m", "stream_monitor", "replay", str(directory / f"{len(versions)}-{count}.jsonl")]
    flags = tuple(str(directory / flag) if flag.endswith(".yaml") else flag for flag in flags)
    with Child([*command, *flags]) as child:
        return child.end()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    costs: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    peaks: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        write_contract(directory / "contract.yaml")
        for versions in (ONE, TWO):
            for count in (FEW, options.events):
                write_events(directory / f"{len(versions)}-{count}.jsonl", count, versions)
        for _ in range(options.rounds):
            for program in PROGRAMS:
                few, _ = run(directory, program, FEW)
                many, peak = run(directory, program, options.events)
                costs[program].append((many - few) / (options.events - FEW) * 1e6)
                peaks[program].append(peak)
    base, memory = median(costs["without"]), max(peaks["without"])
    print(f"{'':24}{'us/event':>10}{'throughput':>12}{'peak MB':>9}{'more MB':>9}")
    for program, values in costs.items():
        peak = max(peaks[program])
        print(f"{program:24}{median(values):10.2f}{base / median(values):12.2f}{peak:9.0f}{peak - memory:9.0f}")


if __name__ == "__main__":
    main()
