"""The measured programs, which run in turns on one topic; each run is a new process with a new consumer group."""

import contextlib
import json
import socket
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from child import HERE, Child
from sidecar import LABELS, PREDICTIONS, Sidecar


@dataclass(frozen=True)
class Topic:
    """A topic: the broker's address and client options, its name, and its number of events.

    Attributes:
        name: The topic's name, or those of several topics that are read together, with commas between them.
        labels: The topic of the predictions' labels, if they have one of their own: one label for each prediction.
    """

    servers: str
    options: dict[str, Any]
    name: str
    events: int
    labels: str = ""

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
    """`stream-monitor run` of a checkout, scraped as by Prometheus, and ended by SIGTERM after the last event.

    Attributes:
        flags: Flags of `run`.
        checkout: The directory with the source code.
        python: The interpreter, which has the dependencies.
        with_labels: Also read the topic of labels, so that two records belong to each event.
    """

    name: str
    flags: tuple[str, ...] = ()
    checkout: Path = HERE.parent
    python: str = sys.executable
    with_labels: bool = False

    def run(self, topic: Topic, group: str) -> Reading:
        each = 2 if self.with_labels else 1
        with self.start(topic, group) as (child, sidecar):
            ready_seconds = sidecar.wait_until_ready() - child.started
            records, seconds = sidecar.watch(each * topic.events)
            notes = sidecar.notes()
            cpu_seconds, peak_mb = child.end(terminate=True)
        return Reading(records // each, seconds, cpu_seconds, peak_mb, ready_seconds, notes)

    @contextlib.contextmanager
    def start(self, topic: Topic, group: str) -> Iterator[tuple[Child, Sidecar]]:
        """Start the sidecar; kill it at the end, if it is still running."""
        port = free_port()
        flags = (*self.flags, "--label-topic", topic.labels) if self.with_labels else self.flags
        command = run_command(topic, group, port, flags, self.python)
        # The modules of a checkout are compiled by the first run, as those of a package are when it is installed.
        environment = {"PYTHONPATH": str(self.checkout), "PYTHONDONTWRITEBYTECODE": ""}
        with Child(command, environment, self.checkout) as child:
            yield (
                child,
                Sidecar(port, child.check_alive, (PREDICTIONS, LABELS) if self.with_labels else (PREDICTIONS,)),
            )


def run_command(topic: Topic, group: str, port: int, flags: Sequence[str], python: str = sys.executable) -> list[str]:
    """Return the command of a sidecar that reads these topics and listens at this port."""
    command = [python, "-m", "stream_monitor", "run", "--bootstrap-servers", topic.servers]
    command += [part for name in topic.name.split(",") for part in ("--topic", name)]
    command += ["--group-id", group, "--listen", f"127.0.0.1:{port}", *flags]
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
LIBRDKAFKA_ORJSON = Peer("(l) librdkafka + orjson, no more", "librdkafka_orjson.py")
LIBRDKAFKA_MSGSPEC = Peer("(m) librdkafka + msgspec, no more", "librdkafka_msgspec.py")
PEERS = (LIMIT, LOOP, BY_HAND, LIBRDKAFKA_ORJSON, LIBRDKAFKA_MSGSPEC)
OURS = Ours(
    "stream-monitor, ADWIN + Page-Hinkley",
    ("--detector", "feature:*=adwin", "--detector", "feature:*=page_hinkley"),
)
OURS_BY_DEFAULT = Ours("stream-monitor, every signal")
