"""The parts of `waiting.py` that need a Kafka: restarts with many waiting predictions, and throughput with labels."""

import contextlib
import sys
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from child import HERE, Child
from programs import Reading, Topic, free_port, run_command
from sidecar import LABELS, PREDICTIONS, Sidecar

AFTER, BETWEEN = "-after", "-between"
#: The number of labels that are ready for a restarted sidecar.
FOUND = 2000


@dataclass(frozen=True)
class Restart:
    """The times from the start of the process until it was ready and until the labels were matched, in seconds."""

    ready_seconds: float
    matched_seconds: float
    peak_mb: float


@dataclass(frozen=True)
class Late:
    """`stream-monitor run` on the predictions, and on a topic of their labels if ``labels`` is set."""

    name: str
    labels: str | None
    flags: tuple[str, ...] = ()

    def run(self, topic: Topic, directory: Path) -> Reading:
        """Run once without a state; `events` counts predictions, and CPU time is that of processing them."""
        each = 2 if self.labels else 1
        with tempfile.TemporaryDirectory(dir=directory) as state:
            flags = ["--state-dir", state, *self.flags]
            flags += ["--label-topic", topic.name + self.labels] if self.labels else []
            port = free_port()
            with Child(run_command(topic, f"bench-{uuid.uuid4().hex[:8]}", port, flags)) as child:
                sidecar = Sidecar(port, child.check_alive, (PREDICTIONS, LABELS))
                ready_seconds = sidecar.wait_until_ready() - child.started
                records, seconds = sidecar.watch(each * topic.events)
                notes = sidecar.notes()
                _, peak_mb = child.end(terminate=True)
        return Reading(records // each, seconds, sidecar.cpu_seconds, peak_mb, ready_seconds, notes)


PLAIN = Late("no labels", None)
LABELLED = (
    Late("labels after all the predictions", AFTER),
    Late("labels 5,000 predictions later", BETWEEN),
    Late("the same, all labelled ids in use", BETWEEN, ("--max-labelled", "10000")),
)


def take_turns(topic: Topic, directory: Path, rounds: int) -> dict[str, list[Reading]]:
    """Run each program once per round, in a rotating order."""
    programs = (PLAIN, *LABELLED)
    readings: dict[str, list[Reading]] = {program.name: [] for program in programs}
    for number in range(rounds):
        first = number % len(programs)
        for program in programs[first:] + programs[:first]:
            readings[program.name].append(program.run(topic, directory))
    return readings


def restart(topic: Topic, state: Path, waiting: int, rounds: int) -> list[Restart]:
    """Repeatedly start a sidecar on this state, wait until it has matched new labels, and kill it.

    It is a static member of its consumer group; otherwise the group would wait for the killed member.
    """
    flags = ["--label-topic", topic.name + AFTER, "--state-dir", str(state), "--max-waiting", str(2 * waiting)]
    flags += ["--group-instance-id", "bench-0"]
    restarts = []
    for number in range(rounds):
        script("labels", topic, topic.name + AFTER, str(number * FOUND), str(FOUND))
        port = free_port()
        with Child(run_command(topic, topic.name, port, flags)) as child:
            sidecar = Sidecar(port, child.check_alive, (LABELS,))
            ready = sidecar.wait_until_ready() - child.started
            matched = sidecar.wait_until((number + 1) * FOUND) - child.started
            _, peak_mb = child.kill()
        restarts.append(Restart(ready, matched, peak_mb))
    return restarts


@contextlib.contextmanager
def topics(unmade: Topic, suffix: str, events: int = 0) -> Iterator[Topic]:
    """Create a topic of predictions and the topics of their labels, empty if ``events`` is 0; remove them after."""
    topic = replace(unmade, name=f"{unmade.name}-{suffix}", events=events)
    names = [topic.name, topic.name + AFTER, *([topic.name + BETWEEN] if events else [])]
    try:
        if events:
            script("fill", topic, topic.name, str(events), AFTER, BETWEEN)
        else:
            for name in names:
                script("create", topic, name)
        yield topic
    finally:
        for name in names:
            script("drop", topic, name)


def script(action: str, topic: Topic, *arguments: str) -> None:
    command: Sequence[str] = [sys.executable, str(HERE / "waiting_topics.py"), action, topic.servers, *arguments]
    with Child(command, topic.environment()) as child:
        child.end()
