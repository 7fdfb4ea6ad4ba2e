"""The grammar of ``--detector``: ``[SIGNAL=]KIND[:PARAMETER=VALUE,...]``."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import NamedTuple

from stream_monitor.core.signal_names import split_signal
from stream_monitor.core.spec_grammar import parse_config
from stream_monitor.detectors import KINDS, DetectorConfig


class DetectorSpec(NamedTuple):
    """One detector, and the name or glob of the signals that it monitors."""

    signal: str
    kind: str
    config: DetectorConfig


#: The detectors used if none is specified.
DEFAULT_SPECS = tuple(DetectorSpec("*", kind, KINDS[kind]()) for kind in ("glr",))


def parse_spec(text: str) -> DetectorSpec:
    """Parse one specification.

    Raises:
        ValueError: The detector, signal, parameter or value is unknown; the message says which are allowed.

    >>> spec = parse_spec("feature:age=adwin:delta=0.01")
    >>> spec.signal, spec.kind, spec.config.delta
    ('feature:age', 'adwin', 0.01)
    >>> parse_spec("page_hinkley:threshold=25").signal
    '*'
    """
    signal, rest = split_signal(text.strip(), KINDS)
    return DetectorSpec(signal, rest.partition(":")[0], parse_config(rest, KINDS, "detector", shown=text))


def select(specs: Iterable[DetectorSpec], signal: str) -> dict[str, DetectorConfig]:
    """Return the detectors of one signal, by kind; of several matching specifications of one kind, the last wins."""
    return {spec.kind: spec.config for spec in specs if spec.signal == signal or fnmatchcase(signal, spec.signal)}
