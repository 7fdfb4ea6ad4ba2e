"""Runs of a package's tests with mutants, in copies of the tree."""

from __future__ import annotations

import multiprocessing
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path

from tests.mutants.sampling import PACKAGE, ROOT, Mutant

TESTS: dict[str, tuple[str, ...]] = {
    "detectors": ("unit/detectors", "contract/test_detectors.py", "property/test_zone.py"),
    "drift": ("unit/drift", "unit/monitors", "property/test_season.py", "property/test_event_times.py"),
    "join": ("unit/join", "property/test_joiner.py", "unit/pipeline", "property/test_pipeline.py"),
    "performance": ("unit/performance", "unit/monitors", "property/test_performance.py", "property/test_coverage.py"),
    "sources/kafka": ("unit/sources", "contract/test_sources.py"),
    "state": (
        "unit/state",
        "property/test_key_value_stores.py",
        "property/test_checkpoint.py",
        "property/test_parts.py",
        "property/test_series_log.py",
    ),
}
"""The tests of each package that is mutated, the quickest first; those named after the module run before them.

No integration tests: they wait for brokers and processes, and where the machine is busy one that fails has not killed
a mutant.
"""

PRELOADED = ("hypothesis", "kafka", "numpy", "prometheus_client", "pydantic", "pytest", "river", "scipy.stats")
"""Modules that a run imports besides the mutated code: imported once, before the fork."""

MIN_SECONDS = 30
"""A run has this much CPU time, or four times as much as the tests of its package take unchanged if that is more."""

MAX_TEST_SECONDS = 300
"""A test that waits for something, and uses no CPU time, ends after so many seconds."""

MAX_BYTES = 8 << 30
"""Address space of a run: an endless loop that allocates fails before the machine does."""

PYTEST = (
    "-x",
    "-q",
    "--assert=plain",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:xdist",
    "--no-header",
    "-o",
    f"faulthandler_timeout={MAX_TEST_SECONDS}",
    "-o",
    "faulthandler_exit_on_timeout=true",
)


@dataclass(frozen=True)
class Result:
    """The result of a mutant: ``killed``, ``survived`` or ``timeout``."""

    mutant: Mutant
    outcome: str
    seconds: float


class Copy:
    """A copy of the tree, in which one mutant at a time is tested.

    Args:
        root: Its directory.
        profile: The hypothesis profile of the tests.
    """

    def __init__(self, root: Path, profile: str) -> None:
        self.root, self._profile = root, profile
        if root.exists():
            shutil.rmtree(root)
        tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True)
        for name in filter(None, tracked.stdout.split("\0")):
            if (ROOT / name).is_file():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, root / name)

    def start(self, tests: Sequence[str], mutant: Mutant | None = None, limit: int | None = None) -> BaseProcess:
        """Run the tests in a process of their own, with a mutant if any, for ``limit`` seconds of CPU time."""
        if mutant is not None and (code := mutant.code()):
            (self.root / mutant.file).write_text(code)
        process = multiprocessing.get_context("fork").Process(target=self._run, args=(tests, limit))
        process.start()
        return process

    def restore(self, mutant: Mutant) -> None:
        """Put back the file that a mutant has changed."""
        shutil.copy2(ROOT / mutant.file, self.root / mutant.file)

    @property
    def is_timeout(self) -> bool:
        """True when the last run ended because a test waited for too long."""
        return (
            re.search(r"^Timeout \(\d+:\d\d:\d\d", (self.root / "log.txt").read_text(errors="replace"), re.M)
            is not None
        )

    def _run(self, tests: Sequence[str], limit: int | None) -> None:
        import pytest

        os.setsid()
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 1))
        resource.setrlimit(resource.RLIMIT_AS, (MAX_BYTES, MAX_BYTES))
        os.chdir(self.root)
        sys.dont_write_bytecode = True  # one mutant's must not be taken for the next one's
        sys.path.insert(0, str(self.root))
        os.environ["PYTHONPATH"] = str(self.root)
        for name in [name for name in sys.modules if name.split(".")[0] in (PACKAGE, "tests")]:
            del sys.modules[name]
        log = os.open(self.root / "log.txt", os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os._exit(int(pytest.main([*PYTEST, f"--hypothesis-profile={self._profile}", *tests])))


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
            if sentinel in ended:
                process.join()
                copy.restore(mutant)
                free.append(copy)
                del running[sentinel]
                is_late = process.exitcode in (-signal.SIGXCPU, -signal.SIGKILL) or copy.is_timeout
                outcome = "timeout" if is_late else "killed" if process.exitcode else "survived"
                yield Result(mutant, outcome, seconds)
