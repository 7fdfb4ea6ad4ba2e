"""The measured programs, which run in turns on one topic; each run is a new process with a new consumer group."""

import json
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from child import HERE, Child
from sidecar import Sidecar


@dataclass(frozen=True)
class Topic:
    """A topic: the broker's address and client options, the topic's name, and its number of events."""

    servers: str
    options: dict[str, Any]
    name: str
    events: int

    def environment(self) -> dict[str, str]:
        return {"BENCH_KAFKA_OPTIONS": json.dumps(self.options)}


@dataclass(frozen=True)
class Reading:
    """The measurements of one run.

    `events` and `seconds` are between the first and the last event; CPU time and memory are of the whole process.
    """

    events: int
    seconds: float
    cpu_seconds: float
    peak_mb: float
    ready_seconds: float | None = None
    notes: dict[str, float] = field(default_factory=dict)


class Program(Protocol):
    @property
    def name(self) -> str: ...

    def run(self, topic: Topic, group: str) -> Reading: ...


@dataclass(frozen=True)
class Peer:
    """A script of `peers/`, which reads the topic, prints its measurements as one line of JSON, and ends."""

    name: str
    script: str

    def run(self, topic: Topic, group: str) -> Reading:
        command = [sys.executable, str(HERE / "peers" / self.script)]
        command += [topic.servers, topic.name, group, str(topic.events)]
        with Child(command, topic.environment()) as child:
            cpu_seconds, peak_mb = child.end()
            report = json.loads(child.output())
        return Reading(report.pop("events"), report.pop("seconds"), cpu_seconds, peak_mb, notes=report)


@dataclass(frozen=True)
class Ours:
    """`stream-monitor run` of a checkout, scraped as by Prometheus, and ended by SIGTERM after the last event."""

    name: str
    flags: tuple[str, ...] = ()
    checkout: Path = HERE.parent

    def run(self, topic: Topic, group: str) -> Reading:
        port = free_port()
        environment = {"PYTHONPATH": str(self.checkout)}
        with Child(run_command(topic, group, port, self.flags), environment, self.checkout) as child:
            sidecar = Sidecar(port, child.check_alive)
            ready_seconds = sidecar.wait_until_ready() - child.started
            events, seconds = sidecar.watch(topic.events)
            notes = sidecar.notes()
            cpu_seconds, peak_mb = child.end(terminate=True)
        return Reading(events, seconds, cpu_seconds, peak_mb, ready_seconds, notes)


def run_command(topic: Topic, group: str, port: int, flags: Sequence[str]) -> list[str]:
    """Return the command of a sidecar that reads this topic and listens at this port."""
    command = [sys.executable, "-m", "stream_monitor", "run", "--bootstrap-servers", topic.servers]
    command += ["--topic", topic.name, "--group-id", group, "--listen", f"127.0.0.1:{port}", *flags]
    for key, value in topic.options.items():
        text = ".".join(map(str, value)) if isinstance(value, tuple) else str(value)
        command += ["--kafka-option", f"{key}={text}"]
    return command


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


LIMIT = Peer("(a) poll + orjson, no more", "poll_only.py")
LOOP = Peer("(b) for m in consumer", "plain_loop.py")
BY_HAND = Peer("(c) the script by hand", "by_hand.py")
OURS = Ours(
    "stream-monitor",
    ("--detector", "feature:*=adwin", "--detector", "feature:*=page_hinkley"),
)
OURS_BY_DEFAULT = Ours("stream-monitor, every signal")
PROGRAMS: tuple[Program, ...] = (LIMIT, LOOP, BY_HAND, OURS, OURS_BY_DEFAULT)
