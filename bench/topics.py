"""The broker of the benchmark, and topics on it that are filled for a scenario and removed after it."""

import contextlib
import json
import sys
import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from child import HERE, Child
from programs import Topic

KINDS = {"kafka": "Apache Kafka", "embedded": "the demo's embedded broker, NOT a real Kafka"}
Labels = Literal["inline", "topic"]


@contextlib.contextmanager
def broker(real: bool = True) -> Iterator[tuple[str, Topic]]:
    """Yield the kind of a Kafka, a real one if available and wanted, and a topic on it that does not exist yet."""
    sys.path.insert(0, str(HERE.parent))
    from tests.brokers import EmbeddedAdapter, find_kafka
    from tests.jars import NoKafka

    try:
        found = find_kafka() if real else EmbeddedAdapter()
    except NoKafka as none:
        print(f"{none}\n", file=sys.stderr)
        found = EmbeddedAdapter()
    with found:
        name = f"stream-monitor-bench-{uuid.uuid4().hex[:8]}"
        yield found.kind, Topic(found.bootstrap_servers, found.client_options, name, 0)


@contextlib.contextmanager
def filled(
    unmade: Topic, suffix: str, events: int, features: int = 20, labels: Labels = "inline"
) -> Iterator[tuple[Topic, float]]:
    """Fill the topic; yield it with the mean size of its events in bytes; remove it afterwards."""
    names = [f"{name}-{suffix}" for name in unmade.name.split(",")]
    topic = replace(unmade, name=",".join(names), events=events)
    if labels == "topic":
        topic = replace(topic, labels=f"{topic.name}-between")
        size = script(topic, "waiting_topics.py", "fill", topic.name, str(events), "-between")
    else:
        size = script(topic, "events.py", "fill", topic.name, str(events), str(features))
    try:
        yield topic, size
    finally:
        both = f"{topic.name},{topic.labels}" if topic.labels else topic.name
        script(topic, "events.py", "drop", both, "0", "0")


def script(topic: Topic, name: str, action: str, *arguments: str) -> float:
    """Run a script that makes or removes topics; return the mean size in bytes of the events that it sent."""
    with Child([sys.executable, str(HERE / name), action, topic.servers, *arguments], topic.environment()) as child:
        child.end()
        return float(json.loads(child.output() or "{}").get("mean_bytes", 0.0))
