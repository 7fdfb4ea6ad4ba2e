"""The sidecar at live rates: its share of a CPU, and the time until an event is applied.

A producer in its own process sends events at an even rate. Between two moments, while nobody scrapes, the CPU time of
the sidecar's process is read from the kernel. Then /metrics tells at some moments how many events are applied; events
are applied about in the order in which they were sent, so the next one is the oldest that still waits.
"""

import sys
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

from child import HERE, Child
from gates import Gate
from programs import OURS_BY_DEFAULT, Ours, Topic
from sidecar import Sidecar
from topics import script

NAME = "live"
ABOUT = "live: 20 or 200 features, the label inline, every signal; a paced producer"
OURS = replace(OURS_BY_DEFAULT, name="stream-monitor")
RATES = ((100, 20), (1_000, 20), (10_000, 20), (300, 200))
#: Seconds from the start of the producer's process to its first event, while it makes the bodies of events.
PREPARE_S = 8.0
#: Seconds from the first event to the first look at the CPU time, while signals are in their warm-up.
SETTLE_S = 4.0
SCRAPES = 40
#: Seconds after which no further scrape is begun.
SCRAPES_S = 5.0
#: Lateness of the producer, in milliseconds, above which the figures of a load are not valid.
MAX_LATE_MS = 200
#: The pauses between scrapes, in seconds: they have no rhythm in common with a wait for 50, 100, 250 or 500 ms.
PAUSES_S = (0.083, 0.127, 0.171, 0.059, 0.143)
MAX_SHARE = 0.1
AIM_SHARE = 0.05
GATED = 1_000


@dataclass(frozen=True)
class Load:
    """The cost of a live rate.

    Attributes:
        cpu_share: CPU time, user and system, as a share of one CPU.
        waits_ms: Ages of the oldest event that is not yet applied, one a scrape.
        applied: Events that were applied at the last scrape.
        sent: Events that were due by then.
        late_ms: The most that the producer was late with an event.
    """

    events_per_second: int
    features: int
    cpu_share: float
    waits_ms: list[float]
    applied: int
    sent: int
    late_ms: float


def measure(unmade: Topic, seconds: float, against: Path | None) -> dict[str, list[dict[str, Any]]]:
    """Return the loads of each sidecar, which take turns at each rate."""
    programs = [OURS, *([replace(OURS, name=f"{OURS.name}, other", checkout=against)] if against else [])]
    found: dict[str, list[dict[str, Any]]] = {program.name: [] for program in programs}
    for rate, features in RATES:
        for program in programs:
            topic = replace(unmade, name=f"{unmade.name}-live-{uuid.uuid4().hex[:6]}")
            found[program.name].append(asdict(run(program, topic, rate, features, seconds)))
    return found


def run(program: Ours, topic: Topic, rate: int, features: int, seconds: float) -> Load:
    """Return the load of one sidecar at one rate, on a new topic."""
    script(topic, "events.py", "fill", topic.name, "0", str(features))
    try:
        with program.start(topic, topic.name) as (child, sidecar):
            sidecar.wait_until_ready()
            begin = time.monotonic() + PREPARE_S
            with producer(topic, begin, rate, features, SETTLE_S + seconds + SCRAPES_S) as sender:
                wait_until(begin + SETTLE_S)
                before, since = child.cpu_seconds(), time.monotonic()
                wait_until(begin + SETTLE_S + seconds)
                share = (child.cpu_seconds() - before) / (time.monotonic() - since)
                waits, applied = list(ages(sidecar, begin, rate)), sidecar.count()
                sent = int((time.monotonic() - begin) * rate)
                sender.end()
                late_ms = float(sender.output())
    finally:
        script(topic, "events.py", "drop", topic.name, "0", "0")
    return Load(rate, features, share, waits, applied, sent, late_ms)


def producer(topic: Topic, begin: float, rate: int, features: int, seconds: float) -> Child:
    """Start the producer; its first event is sent at this monotonic time, the others evenly after it."""
    command = [sys.executable, str(HERE / "live_producer.py"), topic.servers, topic.name]
    return Child([*command, str(begin), str(rate), str(features), str(seconds)], topic.environment())


def ages(sidecar: Sidecar, begin: float, rate: int) -> Iterator[float]:
    """Yield the age in milliseconds of the oldest event that is not applied, at each scrape."""
    end = time.monotonic() + SCRAPES_S
    for number in range(SCRAPES):
        if time.monotonic() > end:
            return
        time.sleep(PAUSES_S[number % len(PAUSES_S)])
        now = time.monotonic()
        yield max(now - (begin + sidecar.count() / rate), 0.0) * 1000


def wait_until(moment: float) -> None:
    time.sleep(max(moment - time.monotonic(), 0.0))


def cells(found: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[list[str]]:
    """Return the table, its head first."""
    head = ["events/s", "features", "program", "CPU", "of the other's CPU", "oldest waiting ms, p50", "p95"]
    names = list(found)
    lines = [head]
    for number in range(len(RATES)):
        loads = [found[name][number] for name in names]
        for name, load in zip(names, loads, strict=True):
            share = f"{load['cpu_share'] / loads[-1]['cpu_share']:.3f}" if load is not loads[-1] else ""
            lines.append([*figures(load)[:2], name, figures(load)[2], share, *figures(load)[3:]])
    return lines


def figures(load: Mapping[str, Any]) -> list[str]:
    waits = sorted(load["waits_ms"])
    behind = " (falls behind)" if load["applied"] < 0.9 * load["sent"] else ""
    behind = (
        f" (not valid: the producer was {load['late_ms']:,.0f} ms late)" if load["late_ms"] > MAX_LATE_MS else behind
    )
    p95 = waits[round(0.95 * (len(waits) - 1))]
    return [
        f"{load['events_per_second']:,}",
        str(load["features"]),
        f"{load['cpu_share']:.1%}{behind}",
        f"{median(waits):,.0f}",
        f"{p95:,.0f}",
    ]


def gates(found: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[Gate]:
    """Return the limit on the share of another checkout's CPU time, if there is one."""
    if len(found) < 2:
        return []
    ours, other = (next(one for one in loads if one["events_per_second"] == GATED) for loads in found.values())
    share = ours["cpu_share"] / other["cpu_share"]
    what = f"live, {GATED:,} events/s: {share:.3f} of the other's CPU time; at most {MAX_SHARE}, aim {AIM_SHARE}"
    return [Gate(share <= MAX_SHARE, what)]
