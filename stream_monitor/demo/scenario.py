"""The scenario: a credit-scoring model, its events and its incidents."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson

#: Events of one day; the first ones have no incident, so that scales can be learned.
LENGTH = 9_000


class Incident(NamedTuple):
    """A fault from event ``at`` on, until the day ends or for ``lasts`` events.

    ``signals`` are those that it affects, the main one first; none where it makes records that are rejected.
    """

    name: str
    at: int
    signals: tuple[str, ...]
    lasts: int = LENGTH


INCOME = Incident(
    "income arrives in another currency", 2_500, ("feature:income", "spread:income", "score", "prediction", "error")
)
MISSING = Incident(
    "employment_years goes missing in 40 %", 4_000, ("missing:employment_years", "score", "prediction", "error")
)
FLIPPED = Incident("labels flip in 40 %: the world has changed", 5_500, ("error",))
GARBAGE = Incident("garbage on the topic: 10 % can't be read", 7_500, (), lasts=1_000)
INCIDENTS = (INCOME, MISSING, FLIPPED, GARBAGE)

_GARBAGE = (b'{"id": "r-1", "predic', b"\xff\xfe\x00", b"[1, 2, 3]", b'{"prediction": "repay"}', b'{"id": "r-2"}')


class Application(NamedTuple):
    """A record of the inference topic, and the label that follows."""

    id: str
    body: bytes
    label: str | None


def applications(seed: int, prefix: str = "r") -> Iterator[Application]:
    """Yield one day of scored loan applications; the producer replaces ``{now}`` in a body."""
    rng = random.Random(seed)
    for at in range(LENGTH):
        if _active(GARBAGE, at) and rng.random() < 0.1:
            yield Application(f"{prefix}-{at}", rng.choice(_GARBAGE), None)
        else:
            yield _application(rng, at, f"{prefix}-{at}")


def stamp(body: bytes, now: float) -> bytes:
    """Return an event with the time at which it is sent."""
    return body.replace(b'"{now}"', b"%.3f" % now)


def _active(incident: Incident, at: int) -> bool:
    return incident.at <= at < incident.at + incident.lasts


def _application(rng: random.Random, at: int, identity: str) -> Application:
    features: dict[str, Any] = {
        "age": round(rng.gauss(42, 11)),
        "income": round(rng.gauss(48, 9) * (1.35 if _active(INCOME, at) else 1.0), 2),
        "debt_ratio": round(rng.betavariate(4, 6), 3),
        "employment_years": round(rng.gammavariate(6, 1.4), 1),
        "country": rng.choice(["DE", "FR", "PL", "ES"]),
    }
    risk = _risk(features)
    defaults = rng.random() < risk
    if _active(FLIPPED, at) and rng.random() < 0.4:
        defaults = not defaults
    if _active(MISSING, at) and rng.random() < 0.4:
        features["employment_years"] = None
    score = _risk(features)
    event = {
        "id": identity,
        "ts": "{now}",
        "model": "credit",
        "version": "7",
        "features": features,
        "prediction": "default" if score > 0.5 else "repay",
        "score": round(score, 4),
        "groups": {"sex": rng.choice("fm")},
    }
    return Application(identity, orjson.dumps(event), "default" if defaults else "repay")


def _risk(features: dict[str, Any]) -> float:
    """Return the probability of a default, by the model and in truth."""
    years = 8.4 if features["employment_years"] is None else features["employment_years"]
    logit = 9 * (features["debt_ratio"] - 0.52) - 0.06 * (features["income"] - 48) - 0.25 * (years - 8.4)
    return 1 / (1 + math.exp(-2 * logit))
