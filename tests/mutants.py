"""Mutation tests: change the code in one place, and see whether a test fails.

    python -m tests.mutants --sample 300 --seed 1

takes a random sample of mutmut's mutants of the packages in ``TESTS`` and runs the tests of the package with each, in
copies of the tree. It prints how many were killed, and the survivors with their diffs; both are kept in ``--into``.
mutmut makes the mutants, of what is in functions; its own runner takes no random sample.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import json
import multiprocessing
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path

import libcst
from mutmut.mutation.file_mutation import Mutation, create_mutations

ROOT = Path(__file__).parents[1]
PACKAGE = "stream_monitor"

TESTS: dict[str, tuple[str, ...]] = {
    "detectors": ("unit/detectors", "contract/test_detectors.py", "property/test_zone.py"),
    "drift": ("unit/drift", "unit/monitors", "property/test_season.py", "property/test_event_times.py"),
    "join": ("unit/join", "property/test_joiner.py", "unit/pipeline", "property/test_pipeline.py"),
    "performance": ("unit/monitors", "property/test_performance.py", "property/test_coverage.py"),
    "sources/kafka": (
        "unit/sources",
        "contract/test_sources.py",
        "integration/test_kafka_source.py",
        "integration/test_bad_input.py",
    ),
    "state": (
        "unit/state",
        "property/test_key_value_stores.py",
        "property/test_checkpoint.py",
        "property/test_frozen_parts.py",
    ),
}
"""The tests of each package that is mutated, the quickest first; those named after the module run before them.

Of the integration tests, those on the embedded broker run.
"""

PYTEST = (
    "-x",
    "-q",
    "--assert=plain",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:xdist",
    "--hypothesis-profile=least",
    "--no-header",
)
PRELOADED = ("hypothesis", "kafka", "numpy", "prometheus_client", "pydantic", "pytest", "river", "scipy.stats")
"""What a run imports besides the code that is mutated: imported once, before the fork."""

MIN_SECONDS = 30
"""A run has this much CPU time, or four times as much as the tests of its package take unchanged if that is more."""

WAITING = 10
"""A run that waits for something, and uses no CPU time, has this many times its limit."""


@dataclass(frozen=True)
class Mutant:
    """One change of one file."""

    package: str
    file: str
    code: str
    diff: str


@dataclass(frozen=True)
class Result:
    """What became of a mutant: ``killed``, ``survived`` or ``timeout``."""

    mutant: Mutant
    outcome: str
    seconds: float


def sample(packages: Iterable[str], size: int, seed: int) -> list[Mutant]:
    """Return a random sample of the mutants of the packages, the same for the same code and seed."""
    places = [place for package in packages for place in _places(package)]
    random.Random(seed).shuffle(places)
    print(f"{len(places):,} mutants in {len({path for _, path, *_ in places})} files", flush=True)
    mutants: list[Mutant] = []
    for package, path, module, mutation in places:
        if len(mutants) == size:
            break
        mutant = _mutant(package, path, module, mutation)
        if not _is_equivalent(module.code, mutant.code):
            mutants.append(mutant)
    return mutants


def _places(package: str) -> Iterator[tuple[str, Path, libcst.Module, Mutation]]:
    """Yield what mutmut would change in the functions of a package."""
    for path in sorted((ROOT / PACKAGE / package).glob("*.py")):
        module, mutations, *_ = create_mutations(str(path), path.read_text())
        for mutation in mutations:
            if isinstance(mutation.contained_by_top_level_function, libcst.FunctionDef):
                yield package, path, module, mutation


def _mutant(package: str, path: Path, module: libcst.Module, mutation: Mutation) -> Mutant:
    changed = module.deep_replace(mutation.original_node, mutation.mutated_node)
    assert isinstance(changed, libcst.Module)
    file = str(path.relative_to(ROOT))
    lines = difflib.unified_diff(module.code.splitlines(), changed.code.splitlines(), file, file, "", "", 1, "")
    return Mutant(package, file, changed.code, "\n".join(lines))


class _WithoutTypes(ast.NodeTransformer):
    """Takes away ``cast``, which does nothing when the program runs."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        is_cast = isinstance(node.func, ast.Name) and node.func.id == "cast" and len(node.args) == 2
        return node.args[1] if is_cast else node


def _is_equivalent(code: str, mutated: str) -> bool:
    """Return whether two texts are the same program but for types."""
    try:
        return ast.dump(_WithoutTypes().visit(ast.parse(code))) == ast.dump(_WithoutTypes().visit(ast.parse(mutated)))
    except SyntaxError:
        return True


# The runs


class Copy:
    """A copy of the tree, in which one mutant at a time is tested."""

    def __init__(self, root: Path) -> None:
        self.root = root
        if root.exists():
            shutil.rmtree(root)
        tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True)
        for name in filter(None, tracked.stdout.split("\0")):
            if (ROOT / name).is_file():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, root / name)

    def start(self, tests: Sequence[str], mutant: Mutant | None = None, limit: int | None = None) -> BaseProcess:
        """Run the tests in a process of their own, with a mutant if any, for ``limit`` seconds of CPU time."""
        self.restore(mutant)
        if mutant is not None:
            (self.root / mutant.file).write_text(mutant.code)
        process = multiprocessing.get_context("fork").Process(target=self._run, args=(tests, limit))
        process.start()
        return process

    def restore(self, mutant: Mutant | None) -> None:
        """Put back the file that a mutant has changed."""
        if mutant is not None:
            shutil.copy2(ROOT / mutant.file, self.root / mutant.file)

    def _run(self, tests: Sequence[str], limit: int | None) -> None:
        import pytest

        os.setsid()
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 1))
        os.chdir(self.root)
        sys.dont_write_bytecode = True  # one mutant's must not be taken for the next one's
        sys.path.insert(0, str(self.root))
        os.environ["PYTHONPATH"] = str(self.root)
        for name in [name for name in sys.modules if name.split(".")[0] in (PACKAGE, "tests")]:
            del sys.modules[name]
        log = os.open(self.root / "log.txt", os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os._exit(int(pytest.main([*PYTEST, *tests])))


def tests_of(package: str, file: str | None = None) -> list[str]:
    """Return the test paths of a package, those named after the module ``file`` first."""
    named = [] if file is None else sorted((ROOT / "tests").glob(f"*/**/test_{Path(file).stem}.py"))
    kept = [path for path in named if path.parts[len(ROOT.parts) + 1] in ("unit", "property")]
    paths = [*kept, *(ROOT / "tests" / name for name in TESTS[package])]
    for path in paths:
        assert path.exists(), f"{path} is in TESTS and is not there"
    return list(dict.fromkeys(str(path.relative_to(ROOT)) for path in paths))


def unchanged_seconds(copy: Copy, packages: Iterable[str]) -> dict[str, float]:
    """Return how much CPU time the tests of each package take with the code as it is; they must pass."""
    seconds = {}
    for package in packages:
        before = _children_seconds()
        process = copy.start(tests_of(package))
        process.join()
        seconds[package] = _children_seconds() - before
        assert process.exitcode == 0, f"the tests of {package} fail unchanged:\n{(copy.root / 'log.txt').read_text()}"
        print(f"{package}: {seconds[package]:.0f} s of CPU time unchanged", flush=True)
    return seconds


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(mutants: Iterable[Mutant], copies: list[Copy], limits: dict[str, int]) -> Iterator[Result]:
    """Test each mutant, as many at a time as there are copies."""
    waiting, free = deque(mutants), list(copies)
    running: dict[int, tuple[BaseProcess, Mutant, Copy, float]] = {}
    while waiting or running:
        while waiting and free:
            mutant, copy = waiting.popleft(), free.pop()
            process = copy.start(tests_of(mutant.package, mutant.file), mutant, limits[mutant.package])
            running[process.sentinel] = process, mutant, copy, time.monotonic()
        ended = set(wait(list(running), timeout=1.0))
        for sentinel, (process, mutant, copy, began) in list(running.items()):
            seconds = time.monotonic() - began
            is_late = seconds > WAITING * limits[mutant.package]
            if sentinel in ended or is_late:
                if process.is_alive() and process.pid is not None:
                    os.killpg(process.pid, signal.SIGKILL)
                process.join()
                copy.restore(mutant)
                free.append(copy)
                del running[sentinel]
                is_late = sentinel not in ended or process.exitcode == -signal.SIGXCPU
                outcome = "timeout" if is_late else "killed" if process.exitcode else "survived"
                yield Result(mutant, outcome, seconds)


# The report


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
    (into / "results.json").write_text(json.dumps([asdict(result) for result in results], indent=1))
    print(text)


def main() -> None:
    parser = argparse.ArgumentParser(description="Run the tests with a random sample of mutants.")
    parser.add_argument("--sample", type=int, default=300, help="how many mutants (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the sample (default: %(default)s)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="runs at a time (default: %(default)s)")
    parser.add_argument("--package", choices=TESTS, action="append", help="only this package; repeatable")
    parser.add_argument("--into", type=Path, default=ROOT / ".mutants", help="directory of copies and results")
    _sample_and_run(parser.parse_args())


def _sample_and_run(options: argparse.Namespace) -> None:
    packages = options.package or list(TESTS)
    mutants = sample(packages, options.sample, options.seed)
    for name in PRELOADED:
        __import__(name)
    copies = [Copy(options.into / f"copy-{number}") for number in range(options.jobs)]
    seconds = unchanged_seconds(copies[0], packages)
    limits = {package: max(MIN_SECONDS, int(4 * value)) for package, value in seconds.items()}
    results: list[Result] = []
    try:
        for result in run(mutants, copies, limits):
            results.append(result)
            done = f"{len(results)}/{len(mutants)} {result.outcome} {result.seconds:.0f} s {result.mutant.file}"
            print(done, *([result.mutant.diff] if result.outcome == "survived" else []), sep="\n", flush=True)
    finally:
        report(results, options.into)


if __name__ == "__main__":
    main()
