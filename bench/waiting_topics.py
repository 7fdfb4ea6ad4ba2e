"""The topics of `waiting.py`: `waiting_topics.py fill|labels|create|drop BOOTSTRAP_SERVERS TOPIC ARGUMENTS`.

`fill TOPIC COUNT SUFFIX...` creates TOPIC with COUNT predictions and topics of their labels: in TOPIC-after they
all are later than the last prediction, in TOPIC-between each is some time after its own prediction. `labels TOPIC
FIRST COUNT` writes labels of predictions that wait in a state built by `waiting_build.py`.
"""

import json
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from events import create, drop, stationary_events
from kafka import KafkaProducer
from peers.setting import kafka_options
from waiting_events import PARTITIONS, STEP_MS, ids, label_body

AFTER, BETWEEN = "-after", "-between"
#: The number of predictions between a prediction and its label.
BEHIND = 5000
CHUNK = 1000

Sent = tuple[str, int, int, bytes]
"""Topic, number, time in milliseconds, body."""


def labelled_later(topic: str, count: int, suffixes: Sequence[str]) -> Iterator[Sent]:
    """Yield the predictions of the throughput benchmark, and each one's label for each of the topics of labels."""
    start_ms = int(time.time() * 1000) - 2 * (count + BEHIND) * STEP_MS
    names: list[str] = []
    for number, (at, value) in enumerate(stationary_events(count, start_ms)):
        if number % CHUNK == 0:
            names = ids(np.arange(number, number + CHUNK, dtype=np.uint64))
        body = json.loads(value)
        label = {"id": names[number % CHUNK], "label": body.pop("label")}
        yield topic, number, at, json.dumps(body | {"id": label["id"]}).encode()
        for suffix in suffixes:
            later = at + (count if suffix == AFTER else BEHIND) * STEP_MS
            yield topic + suffix, number, later, json.dumps(label | {"ts": later}).encode()


def outcomes(topic: str, first: int, count: int) -> Iterator[Sent]:
    """Yield labels, with the current time, of predictions that `waiting_build.py` stored."""
    now = int(time.time() * 1000)
    numbers = np.arange(first, first + count, dtype=np.uint64)
    for name, number in zip(ids(numbers), numbers.tolist(), strict=True):
        yield topic, number, now, label_body(name, number, now)


def send(servers: str, sent: Iterator[Sent], options: dict[str, Any]) -> float:
    """Send the records, spread evenly over the partitions; return their mean size in bytes."""
    producer = KafkaProducer(bootstrap_servers=servers, linger_ms=20, batch_size=65_536, **options)
    size = count = 0
    for topic, number, at, value in sent:
        producer.send(topic, value, partition=number % PARTITIONS, timestamp_ms=at)
        size, count = size + len(value), count + 1
    producer.flush()
    producer.close()
    return size / max(count, 1)


def main() -> None:
    action, servers, topic, *rest = sys.argv[1:]
    options = kafka_options()
    if action == "fill":
        count, *suffixes = rest
        create(servers, [topic, *(topic + suffix for suffix in suffixes)], options)
        print(json.dumps({"mean_bytes": send(servers, labelled_later(topic, int(count), suffixes), options)}))
    elif action == "labels":
        send(servers, outcomes(topic, int(rest[0]), int(rest[1])), options)
    elif action == "create":
        create(servers, [topic], options)
    else:
        drop(servers, [topic], options)


if __name__ == "__main__":
    main()
