"""The command: takes a sample, runs it, and reports."""

from __future__ import annotations

import argparse
import json
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from tests.examples import PROFILES
from tests.mutants.runs import MIN_SECONDS, PRELOADED, TESTS, Copy, Result, run, unchanged_seconds
from tests.mutants.sampling import ROOT, Mutant, sample


def report(results: Sequence[Result], into: Path) -> None:
    """Print and keep the outcomes by package, and the survivors."""
    lines = [f"{'package':<16}{'mutants':>9}{'killed':>9}{'timeout':>9}{'survived':>10}{'share':>9}"]
    for package in [*sorted({result.mutant.package for result in results}), "all"]:
        of = Counter(result.outcome for result in results if package in ("all", result.mutant.package))
        caught = of["killed"] + of["timeout"]
        row = f"{package:<16}{of.total():>9}{of['killed']:>9}{of['timeout']:>9}{of['survived']:>10}"
        lines.append(f"{row}{caught / max(of.total(), 1):>9.1%}")
    survivors = [result.mutant.diff for result in results if result.outcome == "survived"]
    text = "\n".join([*lines, "", *(f"{number}.\n{diff}\n" for number, diff in enumerate(survivors, 1))])
    (into / "report.txt").write_text(text)
    print(text)


def main() -> None:
    parser = argparse.ArgumentParser(description="Run the tests with a random sample of mutants.")
    parser.add_argument("--sample", type=int, default=300, help="how many mutants (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the sample (default: %(default)s)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="runs at a time (default: %(default)s)")
    parser.add_argument("--package", choices=TESTS, action="append", help="only this package; repeatable")
    parser.add_argument("--into", type=Path, default=ROOT / ".mutants", help="directory of copies and results")
    parser.add_argument("--profile", choices=PROFILES, default="least", help="of hypothesis (default: %(default)s)")
    parser.add_argument("--again", type=Path, metavar="RESULTS", help="run those of this file that were not killed")
    _sample_and_run(parser.parse_args())


def _sample_and_run(options: argparse.Namespace) -> None:
    results = read_results(options.again) if options.again else []
    if options.again:
        mutants = [result.mutant for result in results if result.outcome != "killed" and result.mutant.code()]
        results = [result for result in results if result.mutant not in mutants]
    else:
        mutants = sample(options.package or list(TESTS), options.sample, options.seed)
    for name in PRELOADED:
        __import__(name)
    copies = [Copy(options.into / f"copy-{number}", options.profile) for number in range(options.jobs)]
    seconds = unchanged_seconds(copies[0], sorted({mutant.package for mutant in mutants}))
    limits = {package: max(MIN_SECONDS, int(4 * value)) for package, value in seconds.items()}
    try:
        _run_and_keep(run(mutants, copies, limits), results, len(results) + len(mutants), options.into)
    finally:
        report(results, options.into)


def _run_and_keep(found: Iterable[Result], results: list[Result], total: int, into: Path) -> None:
    """Add results, and write each down as soon as it is known."""
    with (into / "results.jsonl").open("w") as file:
        for result in [*results]:
            print(json.dumps(asdict(result)), file=file)
        for result in found:
            results.append(result)
            print(json.dumps(asdict(result)), file=file, flush=True)
            print(f"{len(results)}/{total} {result.outcome} {result.seconds:.0f} s {result.mutant.file}", flush=True)
            if result.outcome == "survived":
                print(result.mutant.diff, flush=True)


def read_results(path: Path) -> list[Result]:
    """Return the results of a run, or of as much of it as was done."""
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    return [Result(Mutant(**row.pop("mutant")), **row) for row in rows]


if __name__ == "__main__":
    main()
