"""The topics of `throughput.py`: `events.py fill|drop BOOTSTRAP_SERVERS TOPIC[,TOPIC] EVENTS FEATURES`.

`fill` creates the topics; the events go to them and their partitions in turns. `drop` removes them.

It runs in its own process, because Linux includes the memory of the parent in a child's peak: the process that
starts the programs has to stay smaller than those that it measures.
"""

import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime
from typing import Any

import numpy as np
from kafka import KafkaAdminClient, KafkaProducer
from kafka.errors import KafkaError
from peers.setting import kafka_options

PARTITIONS = 4
SCALES = (0.1, 1.0, 10.0, 100.0, 1000.0)
ACCURACY = 0.9
STEP_MS = 10
CHUNK = 1000


def stationary_events(count: int, start_ms: int, features: int = 20) -> Iterator[tuple[int, bytes]]:
    """Yield stationary events as (time in ms, JSON); every drift detected in them is a false alarm."""
    for number, body in enumerate(stationary_bodies(count, features)):
        at = start_ms + number * STEP_MS
        yield at, event(number, at, body)


def stationary_bodies(count: int, features: int) -> Iterator[bytes]:
    """Yield what follows the id and the time in each event's JSON."""
    rng = np.random.default_rng(17)
    scales = np.resize(np.array(SCALES), features)
    names = [f"f{number:0{len(str(features - 1))}d}" for number in range(features)]
    for begin in range(0, count, CHUNK):
        rows = min(CHUNK, count - begin)
        values = np.round(rng.normal(scales, scales, (rows, features)), 4).tolist()
        scores = np.round(rng.random(rows), 2).tolist()
        correct = (rng.random(rows) < ACCURACY).tolist()
        for row in range(rows):
            yield body(dict(zip(names, values[row], strict=True)), scores[row], correct[row])


def body(features: dict[str, float], score: float, correct: bool) -> bytes:
    prediction, other = ("yes", "no") if score > 0.5 else ("no", "yes")
    label = prediction if correct else other
    rest = {"features": features, "prediction": prediction, "score": score, "label": label}
    return json.dumps({"model": "churn", "version": "3", **rest})[1:].encode()


def event(number: int, at_ms: int, body: bytes) -> bytes:
    at = datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")
    return b'{"id": "r-%d", "ts": "%sZ", %s' % (number, at.removesuffix("+00:00").encode(), body)


def create(servers: str, topics: Sequence[str], options: dict[str, Any]) -> None:
    """Create the topics; the embedded broker creates each with its first record, with four partitions."""
    with closing(KafkaAdminClient(bootstrap_servers=servers, **options)) as admin:
        try:
            admin.create_topics({topic: {"num_partitions": PARTITIONS, "replication_factor": 1} for topic in topics})
        except KafkaError as refusal:
            print(f"{', '.join(topics)} were not created: {refusal}", file=sys.stderr)


def drop(servers: str, topics: Sequence[str], options: dict[str, Any]) -> None:
    with closing(KafkaAdminClient(bootstrap_servers=servers, **options)) as admin, suppress(KafkaError):
        admin.delete_topics(list(topics))


def fill(servers: str, topics: Sequence[str], count: int, features: int, options: dict[str, Any]) -> float:
    """Send the events, spread evenly over topics and partitions; return their mean size in bytes."""
    producer = KafkaProducer(bootstrap_servers=servers, linger_ms=20, batch_size=65_536, **options)
    size = 0
    start_ms = int(time.time() * 1000) - count * STEP_MS
    for number, (at, value) in enumerate(stationary_events(count, start_ms, features)):
        turn, topic = divmod(number, len(topics))
        producer.send(topics[topic], value, partition=turn % PARTITIONS, timestamp_ms=at)
        size += len(value)
    producer.flush()
    producer.close()
    return size / max(count, 1)


def main() -> None:
    action, servers, names, count, features = sys.argv[1:]
    options, topics = kafka_options(), names.split(",")
    if action == "drop":
        drop(servers, topics, options)
    else:
        create(servers, topics, options)
        print(json.dumps({"mean_bytes": fill(servers, topics, int(count), int(features), options)}))


if __name__ == "__main__":
    main()
