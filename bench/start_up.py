"""CPU time of `stream-monitor --help` and `run --help`, beside a bare `import click` and another checkout.

`python bench/start_up.py [--against CHECKOUT] [--runs 20]`: the programs take turns, so that other load on the
machine affects all of them. Prints the median user and system time of each, and its ratio to the others.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path
from statistics import median

HERE = Path(__file__).parent.parent
HELPS = {"--help": ["--help"], "run --help": ["run", "--help"]}


def cpu_seconds(arguments: list[str], checkout: Path) -> float:
    """Run Python with these arguments on a checkout; return its user and system time."""
    environment = {**os.environ, "PYTHONPATH": str(checkout), "PYTHONDONTWRITEBYTECODE": ""}
    child = subprocess.Popen([sys.executable, *arguments], cwd=checkout, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"{' '.join(arguments)} on {checkout} ended with {child.returncode}")
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--against", type=Path, help="another checkout, such as a git worktree of an earlier commit")
    parser.add_argument("--runs", type=int, default=20)
    options = parser.parse_args()
    programs = {("import click", "here"): (["-c", "import click"], HERE)}
    for checkout, where in ((HERE, "here"), (options.against and options.against.resolve(), "there")):
        if checkout:
            programs |= {(name, where): (["-m", "stream_monitor", *help_], checkout) for name, help_ in HELPS.items()}
    runs: dict[tuple[str, str], list[float]] = {name: [] for name in programs}
    for number in range(options.runs + 1):
        for name, (arguments, checkout) in programs.items():
            seconds = cpu_seconds(arguments, checkout)
            if number:  # the first one writes the compiled modules
                runs[name].append(seconds)
    times = {name: median(seconds) for name, seconds in runs.items()}
    for name in HELPS:
        line = (
            f"{name:12} {times[name, 'here']:.3f} s CPU, {times[name, 'here'] / times['import click', 'here']:.1f} x"
        )
        line += f" import click ({times['import click', 'here']:.3f} s)"
        if options.against:
            line += f"; {times[name, 'here'] / times[name, 'there']:.3f} x that of {options.against}"
            line += f" ({times[name, 'there']:.3f} s)"
        print(line)


if __name__ == "__main__":
    main()
