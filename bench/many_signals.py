"""The cost of many signals: a scrape of `/metrics` with 1,005, and how long a checkpoint of 603 stops the loop.

`python bench/many_signals.py [--scrapes 25] [--checkpoints 120]`: in about half a minute, without Kafka. All values
that a scrape is computed from, and that a checkpoint writes, are new each time.
"""

import argparse
import itertools
import json
import os
import platform
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from events import event, stationary_bodies
from gates import Gate
from waiting_events import PREDICTIONS, STEP_MS, TimedSource, config, pipeline, record

from stream_monitor.core.records import Record

#: Each numeric feature has three signals; the score, the prediction and the error are three more.
SCRAPED_FEATURES, SAVED_FEATURES = 334, 200
BATCH, BODIES = 500, 1500
#: Batches between two scrapes or checkpoints: as many values as a signal's newest ones.
BATCHES = 2
WARM_UP = 5
SCRAPE_LIMIT_MS, SCRAPE_SHARE_LIMIT, SCRAPE_INTERVAL_S = 100.0, 0.03, 15.0
STOP_LIMIT_MS = 50.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scrapes", type=int, default=25, help="scrapes to measure (default: %(default)s)")
    parser.add_argument("--checkpoints", type=int, default=120, help="checkpoints to measure (default: %(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every reading to FILE")
    arguments = parser.parse_args()
    print(f"Python {platform.python_version()}, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f} before")
    with tempfile.TemporaryDirectory(prefix="stream-monitor-bench-") as directory:
        report = {
            "scrapes": scrapes(arguments.scrapes),
            "checkpoints": checkpoints(Path(directory), arguments.checkpoints),
        }
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(*summary(report), sep="\n")
    return 0


def scrapes(count: int) -> dict[str, Any]:
    """Return the CPU time of scrapes, of the whole process, in ms; each as Prometheus asks for it, compressed."""
    from stream_monitor.pipeline.take_snapshot import SnapshotTaker
    from stream_monitor.server.health import Health
    from stream_monitor.server.http import MetricsServer

    made, feed = started(SCRAPED_FEATURES)
    server = MetricsServer(SnapshotTaker(made).take, Health(made.status, 1.0), "127.0.0.1", 0)
    server.start()
    request = urllib.request.Request(f"http://127.0.0.1:{server.port}/metrics", headers={"Accept-Encoding": "gzip"})
    cpu_ms = []
    for _ in range(WARM_UP + count):
        advance(made, feed)
        begin = time.process_time()
        with urllib.request.urlopen(request) as reply:
            reply.read()
        cpu_ms.append((time.process_time() - begin) * 1000)
    server.stop()
    return {"cpu_ms": cpu_ms[WARM_UP:], "signals": signals(made)}


def checkpoints(directory: Path, count: int) -> dict[str, Any]:
    """Return the times for which checkpoints stop the loop, in ms: by the clock, and the loop's own CPU time."""
    made, feed = started(SAVED_FEATURES, state_dir=directory)
    for _ in range(WARM_UP + count):
        advance(made, feed)
    stops = feed.stops[-count:]
    return {
        "ms": [wall * 1000 for wall, _ in stops],
        "cpu_ms": [cpu * 1000 for _, cpu in stops],
        "signals": signals(made),
    }


def started(features: int, **settings: Any) -> tuple[Any, TimedSource]:
    """Return a pipeline whose signals are past their warm-up, and its source."""
    feed = TimedSource(batches(features), (PREDICTIONS,))
    chosen = config(PREDICTIONS, (), checkpoint_interval="1h", **settings)
    made, _ = pipeline(chosen, feed)
    for _ in range(WARM_UP):
        advance(made, feed)
    return made, feed


def advance(made: Any, feed: TimedSource) -> None:
    """Let the loop take the next batches, and save its state if it has a directory for it."""
    for _ in range(BATCHES):
        made.step()
    feed.commit(changed=True)


def batches(features: int) -> Iterator[Sequence[Record]]:
    """Yield batches of predictions with this number of numeric features, and their label, without end."""
    bodies = list(stationary_bodies(BODIES, features))
    start_ms = int(time.time() * 1000) - 86_400_000
    for first in itertools.count(step=BATCH):
        yield [
            record(PREDICTIONS, number, at, event(number, at, bodies[number % BODIES]))
            for number in range(first, first + BATCH)
            for at in (start_ms + number * STEP_MS,)
        ]


def signals(made: Any) -> int:
    return sum(len(monitor.signals) for monitor in made.processor.fleet.monitors.values())


def summary(report: dict[str, Any]) -> Iterator[str]:
    """Yield the figures and the limits."""
    scraped, saved = report["scrapes"], report["checkpoints"]
    cost = median(scraped["cpu_ms"])
    share = cost / 1000 / SCRAPE_INTERVAL_S
    yield f"a scrape of {scraped['signals']:,} signals: {spread(scraped['cpu_ms'])} ms of CPU"
    yield f"a checkpoint of {saved['signals']} signals stops the loop for {spread(saved['ms'])} ms"
    yield f"of that, CPU time of the loop: {spread(saved['cpu_ms'])} ms"
    what = f"a scrape of {scraped['signals']:,} signals under {SCRAPE_LIMIT_MS:.0f} ms of CPU: {cost:.0f} ms"
    yield str(Gate(cost < SCRAPE_LIMIT_MS, what))
    what = f"a scrape every {SCRAPE_INTERVAL_S:.0f} s takes at most {SCRAPE_SHARE_LIMIT:.0%} of a CPU: {share:.1%}"
    yield str(Gate(share <= SCRAPE_SHARE_LIMIT, what))
    p99 = quantile(saved["ms"], 0.99)
    what = f"a checkpoint of {saved['signals']} signals stops for at most {STOP_LIMIT_MS:.0f} ms at p99: {p99:.0f} ms"
    yield str(Gate(p99 <= STOP_LIMIT_MS, what))


def spread(values: Sequence[float]) -> str:
    p50, p90, p99 = (quantile(values, share) for share in (0.5, 0.9, 0.99))
    return f"p50 {p50:.0f}, p90 {p90:.0f}, p99 {p99:.0f}"


def quantile(values: Sequence[float], share: float) -> float:
    return sorted(values)[round(share * (len(values) - 1))]


if __name__ == "__main__":
    sys.exit(main())
