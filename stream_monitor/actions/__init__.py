"""Sinks of notices. To add one: write its file, then add its config to the union below."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from stream_monitor.actions.base import Sink, SinkConfig
from stream_monitor.actions.log import LogSinkConfig
from stream_monitor.core.clock import Clock
from stream_monitor.core.spec_grammar import kinds_of, parse_config

AnySinkConfig = LogSinkConfig

#: The config of each sink by its kind, read off the union.
SINKS: dict[str, type[SinkConfig]] = kinds_of(AnySinkConfig)


def parse_sink(text: str) -> SinkConfig:
    """Return the config that ``KIND[:PARAMETER=VALUE,...]`` specifies.

    Raises:
        ValueError: The kind, a parameter's name or its value is wrong; one line that says what is allowed.

    >>> parse_sink("log:per_minute=10").per_minute
    10
    """
    return parse_config(text.strip(), SINKS, "alert sink")


def make_sinks(configs: Iterable[SinkConfig], clock: Clock) -> dict[str, Sink]:
    """Return the sinks by name: their kind, with a number from the second of a kind on.

    >>> from stream_monitor.testing import FakeClock
    >>> list(make_sinks([parse_sink("log"), parse_sink("log:per_minute=1")], FakeClock()))
    ['log', 'log-2']
    """
    seen: Counter[str] = Counter()
    sinks: dict[str, Sink] = {}
    for config in configs:
        seen[config.kind] += 1
        number = seen[config.kind]
        sinks[config.kind if number == 1 else f"{config.kind}-{number}"] = config.make(clock)
    return sinks
