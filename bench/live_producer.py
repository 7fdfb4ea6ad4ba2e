"""Sends events at an even rate: `live_producer.py BOOTSTRAP_SERVERS TOPIC BEGIN RATE FEATURES SECONDS`.

BEGIN is a time of the monotonic clock, which all processes of a machine share. Each event is sent when it is due, as
by a serving layer. The bodies of the first events repeat, so that making them takes no time while events are sent.
It prints the milliseconds by which it was late at worst.
"""

import itertools
import sys
import time
from collections.abc import Iterator

from confluent_kafka import Producer
from events import PARTITIONS, event, stationary_bodies

BODIES = 2_000
TICK_S = 0.001


def main() -> None:
    servers, topic, *figures = sys.argv[1:]
    begin, rate, features, seconds = map(float, figures)
    bodies = itertools.cycle(list(stationary_bodies(BODIES, int(features))))
    if time.monotonic() > begin:
        sys.exit("the producer was not ready in time: the machine is too slow or too busy")
    print(send(Producer({"bootstrap.servers": servers}), topic, bodies, begin, rate, int(rate * seconds)) * 1000)


def send(producer: Producer, topic: str, bodies: Iterator[bytes], begin: float, rate: float, total: int) -> float:
    """Send the events when they are due; return the most seconds that one was late."""
    sent, late = 0, 0.0
    while sent < total:
        due = min(int((time.monotonic() - begin) * rate) + 1, total) if time.monotonic() >= begin else 0
        for number in range(sent, due):
            late = max(late, time.monotonic() - begin - number / rate)
            value = event(number, int(time.time() * 1000), next(bodies))
            producer.produce(topic, value, partition=number % PARTITIONS)
        sent = max(sent, due)
        producer.poll(0)
        time.sleep(TICK_S)
    producer.flush(10)
    return late


if __name__ == "__main__":
    main()
