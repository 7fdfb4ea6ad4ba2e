"""The policies of retraining, and the grammar of ``--retrain-on``: ``[SIGNAL=]KIND[:PARAMETER=VALUE,...]``."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from stream_monitor.core.quantities import parse_duration
from stream_monitor.core.signal_names import split_signal
from stream_monitor.core.spec_grammar import kinds_of, parse_config


class PolicyConfig(BaseModel):
    """The base of the config of every policy: subclasses narrow ``kind`` to a `Literal` with a default."""

    kind: str

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, allow_inf_nan=False)


class OnDrift(PolicyConfig):
    """A detected drift, of the signals that are named before the kind."""

    kind: Literal["drift"] = "drift"


class OnPerformance(PolicyConfig):
    """Performance over the rolling window, whose 95 % interval lies wholly on the wrong side of a limit."""

    kind: Literal["performance"] = "performance"
    below: float | None = Field(None, gt=0, lt=1, description="smallest accuracy that is allowed")
    above: float | None = Field(None, gt=0, description="largest mean absolute error that is allowed")

    def model_post_init(self, _: Any) -> None:
        """Check that there is one limit."""
        if (self.below is None) == (self.above is None):
            raise ValueError("allowed: below=SHARE, of accuracy, or above=NUMBER, of the mean absolute error")


class OnSchedule(PolicyConfig):
    """The time since the last request, or since the first prediction."""

    kind: Literal["schedule"] = "schedule"
    every: Annotated[float, BeforeValidator(parse_duration), Field(ge=60)] = Field(
        description="event time between two requests"
    )


class OnLabels(PolicyConfig):
    """The number of labelled events since the last request, or since the first prediction."""

    kind: Literal["labels"] = "labels"
    count: int = Field(ge=1, description="labelled events between two requests")


AnyPolicyConfig = OnDrift | OnPerformance | OnSchedule | OnLabels

#: The config of each policy by its kind, read off the union.
POLICIES: dict[str, type[PolicyConfig]] = kinds_of(AnyPolicyConfig)


class RetrainPolicy(NamedTuple):
    """One policy.

    Attributes:
        text: The policy as it was given.
        signal: The name or glob of the signals whose drift counts.
        config: Its config.
    """

    text: str
    signal: str
    config: PolicyConfig

    def is_on(self, signal: str) -> bool:
        """Return whether a drift of this signal counts."""
        return self.config.kind == "drift" and (signal == self.signal or fnmatchcase(signal, self.signal))


def parse_policy(text: str) -> RetrainPolicy:
    """Return the policy that a text specifies.

    Raises:
        ValueError: The kind, the signal, a parameter or its value is wrong; one line that says what is allowed.

    >>> parse_policy("feature:*=drift").is_on("feature:age")
    True
    >>> parse_policy("performance:below=0.85").config.below
    0.85
    """
    text = text.strip()
    signal, rest = split_signal(text, POLICIES)
    config = parse_config(rest, POLICIES, "policy", shown=text)
    if signal != "*" and config.kind != "drift":
        raise ValueError(f"{text!r}: {config.kind} has no signal {signal!r}; allowed: {rest}, or {signal}=drift")
    return RetrainPolicy(text, signal, config)
