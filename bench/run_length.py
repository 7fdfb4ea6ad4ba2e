"""A simulation of detectors' average run length (ARL), for the tables in stream_monitor/detectors/run_length.py.

`python bench/run_length.py [glr|adwin|page_hinkley ...] [--alarms 2000] [--values 4e8]` prints for each parameter the
mean number of independent normal values between two alarms, and the number of alarms on which it is based.
"""

import argparse
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor

import numpy as np

from stream_monitor.detectors import Detector
from stream_monitor.detectors.adwin import AdwinConfig
from stream_monitor.detectors.glr import GlrConfig
from stream_monitor.detectors.page_hinkley import PageHinkleyConfig

STREAMS = 20
BATCH = 4096
GRIDS: dict[str, tuple[Callable[[float], Detector], tuple[float, ...]]] = {
    "glr": (
        lambda threshold: GlrConfig(threshold=threshold, min_effect=0).make(),
        (1, 2, 3, 4, 5, 6, 7, 8, 9, 10),
    ),
    "adwin": (
        lambda delta: AdwinConfig(delta=delta).make(),
        (0.9, 0.7, 0.5, 0.3, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002),
    ),
    "page_hinkley": (
        lambda threshold: PageHinkleyConfig(threshold=threshold).make(),
        (20, 30, 45, 65, 90, 120, 150, 200, 250, 300, 400),
    ),
}


def run_length(kind: str, parameter: float, alarms: int, max_values: float) -> tuple[float, int]:
    """Simulate until ``alarms`` alarms or ``max_values`` values; return the ARL and the number of alarms."""
    make, _ = GRIDS[kind]
    detectors = [make(parameter) for _ in range(STREAMS)]
    random = np.random.default_rng(20_261_124)
    found = values = 0
    while found < alarms and values < max_values:
        for detector in detectors:
            found += len(detector.update_many(random.normal(size=BATCH)))
        values += STREAMS * BATCH
    return values / max(found, 1), found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", default=list(GRIDS), choices=list(GRIDS))
    parser.add_argument("--alarms", type=int, default=2000)
    parser.add_argument("--values", type=float, default=4e8)
    arguments = parser.parse_args()
    with ProcessPoolExecutor(2) as pool:
        for kind in arguments.kinds:
            grid = GRIDS[kind][1]
            runs = [pool.submit(run_length, kind, value, arguments.alarms, arguments.values) for value in grid]
            for parameter, run in zip(grid, runs, strict=True):
                mean, found = run.result()
                print(
                    f"{kind} {parameter:g}: {mean:,.0f} values, ln {np.log(mean):.3f} ({found:,} alarms)", flush=True
                )
    return 0


if __name__ == "__main__":
    sys.exit(main())
