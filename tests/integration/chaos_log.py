"""A finished log on Kafka, with every case that a joiner has to handle; the kill tests read it.

It is the same for the same seed, record by record: predictions of two versions and their labels on two topics of two
partitions each, keyed alike, with explicit record times, some of them equal and some out of order.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from tests.brokers import Broker, Record, produce
from tests.integration.events import START

PARTITIONS = 2
MATURITY, TTL = 30, 240
SETTINGS = (
    *("--label-ttl", f"{TTL}s", "--label-maturity", f"{MATURITY}s", "--label-updates", "last"),
    *("--detector", "adwin", "--warmup", "200"),
    *("--retrain-on", "error=drift", "--retrain-on", "labels:count=300", "--retrain-on", "performance:below=0.8"),
    *("--retrain-cooldown", "60s", "--retrain-timeout", "4m", "--retrain-min-labels", "50"),
    *("--max-reject-share", "100%", "--log-format", "json", "--checkpoint-interval", "20ms"),
)
"""How the log is to be read."""
SLOWLY = ("--kafka-option", "max_poll_records=50", "--kafka-option", "max_partition_fetch_bytes=1000")
"""In about five seconds rather than one, so that kills hit the middle."""
SHARE_OF_GARBAGE = 0.02
GARBAGE = (b"not json", b"[]", b'{"ts": 1}', b"\xff\xfe", None)


class Entry(NamedTuple):
    """A record to be written; ``at`` is its record time, in seconds after `START`."""

    at: float
    is_label: bool
    key: str
    value: bytes | None


@dataclass(frozen=True)
class ChaosLog:
    """The topics of the log, and the number of its records."""

    predictions: str
    labels: str
    count: int
    garbage: int
    ids: int


@dataclass
class _Writer:
    """Makes the entries, one prediction after another."""

    dice: random.Random
    ids: int
    entries: list[Entry] = field(default_factory=list)

    def write(self) -> list[Entry]:
        for at in range(self.ids):
            self._predict(at)
            self._garble(at)
        return self.entries

    def _predict(self, at: int) -> None:
        """Add the records of one id: predictions of one version or two, perhaps repeated, and its label, if any."""
        guess = "yes" if self.dice.random() < 0.5 else "no"
        wrong = self.dice.random() < (0.1 if at < 0.7 * self.ids else 0.45)
        truth = ("no" if guess == "yes" else "yes") if wrong else guess
        fate = self.dice.random()
        inline = {"label": truth} if fate > 0.97 else {}
        versions = ["1", "2"] if at % 10 == 3 else [str(1 + (at % 3 == 0))]
        for version in versions:
            body = self._body(at) | {"prediction": guess, "version": version} | inline
            self._put(at, False, f"r{at}", body)
            if self.dice.random() < 0.03:
                self._put(at + self.dice.randrange(1, 40), False, f"r{at}", body)
        if fate < 0.92:
            self._label(at, truth, delay=self.dice.randrange(3, 100))
        elif fate < 0.94:
            self._label(at, truth, delay=-self.dice.randrange(2, 20))  # earlier than its prediction
        elif fate < 0.95:
            self._label(at, truth, delay=TTL + 30)  # too late for it
        if fate < 0.02:
            self._label(at + 1_000_000, truth, delay=-1_000_000)  # of a prediction that never comes

    def _body(self, at: int) -> dict[str, Any]:
        dice, shifted = self.dice, at > 0.5 * self.ids
        income = None if dice.random() < (0.05 if at < 0.6 * self.ids else 0.5) else dice.lognormvariate(8, 1)
        age = dice.gauss(60 if shifted else 40, 5)
        features = {"age": age, "income": income, "country": dice.choice(["DE", "FR", "IT"])}
        return {"id": f"r{at}", "ts": START + at, "features": features, "score": dice.random()}

    def _label(self, at: int, truth: str, delay: int) -> None:
        when = max(at + delay, 0)
        label = {"id": f"r{at}", "ts": START + when, "label": truth}
        self._put(when, True, f"r{at}", label)
        again = self.dice.random()
        if again < 0.03:
            self._put(when + self.dice.randrange(1, 60), True, f"r{at}", label)
        elif again < 0.06:
            self._put(when + self.dice.randrange(1, 60), True, f"r{at}", label | {"label": "other"})

    def _garble(self, at: int) -> None:
        if self.dice.random() < SHARE_OF_GARBAGE:
            self.entries.append(Entry(at, self.dice.random() < 0.5, f"r{at}", self.dice.choice(GARBAGE)))

    def _put(self, at: float, is_label: bool, key: str, body: dict[str, Any]) -> None:
        self.entries.append(Entry(at, is_label, key, orjson.dumps(body)))


def make_entries(seed: int, ids: int) -> list[Entry]:
    """Return the log as entries in the order in which they are written."""
    dice = random.Random(seed)
    # It ends in the middle of things: some wait, some are in the maturity buffer.
    entries = [entry for entry in _Writer(dice, ids).write() if entry.at < ids]
    # One in fifty comes later than its record time says.
    late = {at: dice.randrange(1, 15) for at in range(len(entries)) if dice.random() < 0.02}
    order = sorted(range(len(entries)), key=lambda at: entries[at].at + late.get(at, 0))
    return [entries[at] for at in order]


def write_log(broker: Broker, seed: int = 4, ids: int = 8000) -> ChaosLog:
    """Create the topics and fill them, in small batches, so that a fetch returns few records."""
    suffix = uuid.uuid4().hex[:8]
    names = {False: f"chaos-predictions-{suffix}", True: f"chaos-labels-{suffix}"}
    entries = make_entries(seed, ids)
    for is_label, name in names.items():
        broker.create_topic(name, PARTITIONS)
        produce(broker, name, _records(entries, is_label), batch_size=1000)
    garbage = sum(entry.value in GARBAGE for entry in entries)
    return ChaosLog(names[False], names[True], len(entries), garbage, ids)


def _records(entries: list[Entry], is_label: bool) -> Iterator[Record]:
    for entry in entries:
        if entry.is_label == is_label:
            partition = int(entry.key[1:]) % PARTITIONS
            yield entry.key.encode(), entry.value, (), int((START + entry.at) * 1000), partition
