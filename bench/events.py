"""The benchmark's topic: `events.py fill|drop BOOTSTRAP_SERVERS TOPIC EVENTS` creates or removes it.

It runs in its own process, because Linux includes the memory of the parent in a child's peak: the process that
starts the programs has to stay smaller than those that it measures.
"""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime
from typing import Any

import numpy as np
from kafka import KafkaAdminClient, KafkaProducer
from kafka.errors import KafkaError
from peers.setting import kafka_options

PARTITIONS = 4
FEATURES = 20
SCALES = (0.1, 1.0, 10.0, 100.0, 1000.0)
ACCURACY = 0.9
STEP_MS = 10
CHUNK = 1000
NAMES = tuple(f"f{number:02d}" for number in range(FEATURES))


def stationary_events(count: int, start_ms: int) -> Iterator[tuple[int, bytes]]:
    """Yield stationary events as (time in ms, JSON); every drift detected in them is a false alarm."""
    rng = np.random.default_rng(17)
    scales = np.resize(np.array(SCALES), FEATURES)
    for begin in range(0, count, CHUNK):
        rows = min(CHUNK, count - begin)
        features = np.round(rng.normal(scales, scales, (rows, FEATURES)), 4).tolist()
        scores = np.round(rng.random(rows), 2).tolist()
        correct = (rng.random(rows) < ACCURACY).tolist()
        for row in range(rows):
            number = begin + row
            at = start_ms + number * STEP_MS
            yield at, event(number, at, features[row], scores[row], correct[row])


def event(number: int, at_ms: int, features: list[float], score: float, correct: bool) -> bytes:
    prediction, other = ("yes", "no") if score > 0.5 else ("no", "yes")
    return json.dumps(
        {
            "id": f"r-{number}",
            "ts": datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
            "model": "churn",
            "version": "3",
            "features": dict(zip(NAMES, features, strict=True)),
            "prediction": prediction,
            "score": score,
            "label": prediction if correct else other,
        }
    ).encode()


def create(servers: str, topic: str, options: dict[str, Any]) -> None:
    """Create the topic; the embedded broker creates it with the first record, with four partitions."""
    with closing(KafkaAdminClient(bootstrap_servers=servers, **options)) as admin:
        try:
            admin.create_topics({topic: {"num_partitions": PARTITIONS, "replication_factor": 1}})
        except KafkaError as refusal:
            print(f"{topic} was not created: {refusal}", file=sys.stderr)


def drop(servers: str, topic: str, options: dict[str, Any]) -> None:
    with closing(KafkaAdminClient(bootstrap_servers=servers, **options)) as admin, suppress(KafkaError):
        admin.delete_topics([topic])


def fill(servers: str, topic: str, count: int, options: dict[str, Any]) -> float:
    """Send the events, spread evenly over the partitions; return their mean size in bytes."""
    producer = KafkaProducer(bootstrap_servers=servers, linger_ms=20, batch_size=65_536, **options)
    size = 0
    for number, (at, value) in enumerate(stationary_events(count, int(time.time() * 1000) - count * STEP_MS)):
        producer.send(topic, value, partition=number % PARTITIONS, timestamp_ms=at)
        size += len(value)
    producer.flush()
    producer.close()
    return size / count


def main() -> None:
    action, servers, topic, count = sys.argv[1:]
    options = kafka_options()
    if action == "drop":
        drop(servers, topic, options)
    else:
        create(servers, topic, options)
        print(json.dumps({"mean_bytes": fill(servers, topic, int(count), options)}))


if __name__ == "__main__":
    main()
