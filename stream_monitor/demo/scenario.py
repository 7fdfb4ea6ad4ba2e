"""The scenario: applicants for a loan, what becomes of them, and the seven causes of trouble."""

from __future__ import annotations

import math
import random
from typing import Any, NamedTuple

#: Events of one day, and events a second.
LENGTH, RATE = 28_000, 400.0


class Cause(NamedTuple):
    """A cause of trouble, from event ``at`` on until event ``end``.

    Attributes:
        mistake: The number of the mistake that it belongs to, from 1 to 7.
        name: What happens, in words.
        at: The first event.
        end: The event after the last one.
    """

    mistake: int
    name: str
    at: int
    end: int = LENGTH

    def is_active(self, at: int) -> bool:
        """Return True while it lasts."""
        return self.at <= at < self.end


WORLD = Cause(5, "the world changes: who repays is another question now", 4_000)
INCOME = Cause(1, "income arrives in another currency", 16_000, 19_000)
TEXTS = Cause(2, "a client sends age as text, and some records can't be read", 19_000, 22_000)
BIAS = Cause(7, "a new rule refuses women whom the model would accept", 22_000)
CAUSES = (WORLD, INCOME, TEXTS, BIAS)

#: Shares of events that the causes concern.
TEXT_SHARE, GARBAGE_SHARE = 0.1, 0.05
_GARBAGE = (b'{"id": "r-1", "predic', b"\xff\xfe\x00", b"[1, 2, 3]", b'{"prediction": "repay"}', b'{"id": "r-2"}')

#: Features that the models read, with their means and scales.
FEATURES = {"income": (48.0, 9.0), "debt_ratio": (0.4, 0.148), "employment_years": (8.4, 3.43)}
#: Log odds of a default by deviation of each of them, before and after the world has changed.
BEFORE, AFTER = (-1.1, 2.6, -1.7), (-1.1, 1.0, 2.4)
BIASED_LIMIT = 0.2


class Applicant(NamedTuple):
    """One applicant, and what becomes of him or her."""

    features: dict[str, Any]
    sex: str
    label: str


def applicant(rng: random.Random, at: int) -> Applicant:
    """Return the applicant of an event."""
    features = {
        "age": round(min(max(rng.gauss(42, 9), 18), 85)),
        "income": round(rng.gauss(*FEATURES["income"]), 2),
        "debt_ratio": round(rng.betavariate(4, 6), 3),
        "employment_years": round(rng.gammavariate(6, 1.4), 1),
        "country": rng.choice(["DE", "FR", "PL", "ES"]),
    }
    defaults = rng.random() < risk(features, AFTER if WORLD.is_active(at) else BEFORE)
    return Applicant(features, rng.choice("fm"), "default" if defaults else "repay")


def as_received(rng: random.Random, at: int, features: dict[str, Any]) -> dict[str, Any]:
    """Return the features of an applicant as the service gets them."""
    received = dict(features)
    if INCOME.is_active(at):
        received["income"] = round(received["income"] * 1.35, 2)
    if TEXTS.is_active(at) and rng.random() < TEXT_SHARE:
        received["age"] = str(received["age"])
    return received


def garbage(rng: random.Random, at: int) -> bytes | None:
    """Return a record that can't be read in place of an event, mostly None."""
    return rng.choice(_GARBAGE) if TEXTS.is_active(at) and rng.random() < GARBAGE_SHARE else None


def risk(features: dict[str, Any], weights: tuple[float, ...], bias: float = 0.0) -> float:
    """Return the probability of a default by a logistic model with weights for the standardized `FEATURES`."""
    logit = bias
    for weight, (name, (mean, scale)) in zip(weights, FEATURES.items(), strict=True):
        logit += weight * (features[name] - mean) / scale
    return logistic(logit)


def logistic(logit: float) -> float:
    """Return the probability of log odds."""
    return 1.0 / (1.0 + math.exp(-min(max(logit, -30.0), 30.0)))
