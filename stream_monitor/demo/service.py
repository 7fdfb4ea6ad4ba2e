"""The service that scores applicants: its versions, and which of them has which share of the traffic."""

from __future__ import annotations

import random
import zlib
from typing import Any, NamedTuple

from stream_monitor.demo.scenario import BEFORE, BIAS, BIASED_LIMIT, as_received, risk

MODEL, FIRST_VERSION = "credit", "7"


class Version(NamedTuple):
    """A logistic model.

    Attributes:
        weights: The log odds of a default by deviation of each of the scenario's features.
        bias: The log odds of an average applicant.
    """

    weights: tuple[float, ...]
    bias: float = 0.0


class Service:
    """Scores applicants with the deployed version, and half of them with a canary while there is one.

    Attributes:
        deployed: The version that has all traffic that no canary has.
        canary: The version that is tried on half of the traffic, None without one.
    """

    def __init__(self) -> None:
        self._versions = {FIRST_VERSION: Version(BEFORE)}
        self.deployed = FIRST_VERSION
        self.canary: str | None = None

    def try_out(self, name: str, version: Version) -> None:
        """Give a new version half of the traffic."""
        self._versions[name] = version
        self.canary = name

    def deploy(self, name: str) -> None:
        """Give a version all traffic."""
        self.deployed = name
        if self.canary == name:
            self.canary = None

    def event(self, rng: random.Random, at: int, identity: str, features: dict[str, Any], sex: str) -> dict[str, Any]:
        """Return the event of the inference topic for an applicant, without its time."""
        received = as_received(rng, at, features)
        name = self.deployed
        if (canary := self.canary) and zlib.crc32(identity.encode()) % 2:
            name = canary
        version = self._versions[name]
        score = risk({**received, "age": 0}, version.weights, version.bias)
        limit = BIASED_LIMIT if BIAS.is_active(at) and sex == "f" else 0.5
        return {
            "id": identity,
            "model": MODEL,
            "version": name,
            "features": received,
            "prediction": "default" if score > limit else "repay",
            "score": {"default": round(score, 4), "repay": round(1.0 - score, 4)},
            "groups": {"sex": sex},
        }
