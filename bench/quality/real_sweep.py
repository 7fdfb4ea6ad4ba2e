"""A search for the best single settings on river's annotated series, for `real_programs`.

`python bench/quality/real_sweep.py [--best 3]` takes a quarter of an hour. River's detectors run on the raw series,
and on the series standardised by the first 20 or 50 values.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from typing import Any

from measure import annotated_series
from ours import real_program
from program import Program
from reference import KSWIN_SEED, each_value, scaled
from river import drift

SCALED_BY = (0, 20, 50)
RUN_LENGTHS = (300.0, 1e3, 3e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e10)
Grid = Iterator[tuple[str, Callable[[], Any]]]


def adwin() -> Grid:
    for delta, clock, grace in product((0.5, 0.2, 0.1, 0.05, 0.01, 0.002, 1e-4, 1e-6), (1, 4, 8, 16, 32), (10, 30)):
        name = f"delta {delta:g} clock {clock} grace {grace}"
        yield name, partial(drift.ADWIN, delta=delta, clock=clock, grace_period=grace)


def page_hinkley() -> Grid:
    thresholds = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 1e3, 1e5)
    for least, delta, threshold, alpha in product((5, 10, 30), (0.005, 0.05, 0.5, 1.0), thresholds, (0.9999, 0.99)):
        name = f"min {least} delta {delta:g} threshold {threshold:g} alpha {alpha:g}"
        parameters = {"min_instances": least, "delta": delta, "threshold": threshold, "alpha": alpha}
        yield name, partial(drift.PageHinkley, **parameters)


def kswin() -> Grid:
    for alpha, window, newest in product((0.05, 0.005, 1e-3, 1e-4, 1e-6), (20, 30, 50, 100), (5, 10, 15, 20, 30)):
        if 2 * newest <= window:
            parameters = {"alpha": alpha, "window_size": window, "stat_size": newest, "seed": KSWIN_SEED}
            yield f"alpha {alpha:g} window {window} newest {newest}", partial(drift.KSWIN, **parameters)


def sweep(kind: str, grid: Grid) -> list[Program]:
    made = []
    for name, detector in grid:
        each = partial(each_value, detector=detector)
        for by in SCALED_BY:
            make = partial(scaled, inner=each, by=by) if by else each
            made.append(Program(f"{kind} {name} scaled by {by}", "river", make))
    return made


def glr() -> list[Program]:
    found = []
    for warmup, effect, clock in product((0, 10, 20, 30, 50), (None, 1.0, 2.0), (None, 1)):
        parameters = {name: value for name, value in (("min_effect", effect), ("clock", clock)) if value is not None}
        found += [real_program(warmup, length, **parameters) for length in RUN_LENGTHS]
    return found


def show(readings: dict[str, Any], best: int) -> None:
    for how in ("alarms", "points"):
        order = sorted(((each[how]["mean"], name) for name, each in readings.items()), reverse=True)
        for mean, name in order[:best]:
            print(f"{mean:.3f} by {how}: {name}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--best", type=int, default=3, metavar="COUNT", help="number of settings of each to print")
    best = parser.parse_args().best
    show(annotated_series(glr()), best)
    for kind, grid in (("ADWIN", adwin()), ("PageHinkley", page_hinkley()), ("KSWIN", kswin())):
        programs = sweep(kind, grid)
        show(annotated_series([each for each in programs if each.name.endswith("scaled by 0")]), best)
        show(annotated_series([each for each in programs if not each.name.endswith("scaled by 0")]), best)
    return 0


if __name__ == "__main__":
    sys.exit(main())
