"""The grammar of ``--detector``: ``[SIGNAL=]KIND[:PARAMETER=VALUE,...]``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import NamedTuple

from stream_monitor.core.spec_grammar import parse_config
from stream_monitor.detectors import KINDS, DetectorConfig

#: The names of signals, and the prefixes of those that are followed by a feature's name.
SIGNALS = ("prediction", "score", "error", "invalid")
SIGNAL_PREFIXES = ("feature:", "spread:", "missing:")
#: The prefix of the errors of one class, which the name of the class follows.
CLASS_ERROR = "error:"
#: The prefix of the gap between a value of a group and the others, which ``MEASURE:GROUP=VALUE`` follows.
GAP = "gap:"


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
    signal, rest = _split(text.strip())
    return DetectorSpec(signal, rest.partition(":")[0], parse_config(rest, KINDS, "detector", shown=text))


def select(specs: Iterable[DetectorSpec], signal: str) -> dict[str, DetectorConfig]:
    """Return the detectors of one signal, by kind; of several matching specifications of one kind, the last wins."""
    return {spec.kind: spec.config for spec in specs if spec.signal == signal or fnmatchcase(signal, spec.signal)}


def _split(text: str) -> tuple[str, str]:
    """Split SIGNAL from KIND...; a feature's name may itself contain ``:`` and ``=``."""
    head = re.split("[:=]", text, maxsplit=1)[0]
    if head in KINDS or "=" not in text:
        return "*", text
    cuts = [match.start() for match in re.finditer("=", text)]
    known = [cut for cut in cuts if re.split(":", text[cut + 1 :], maxsplit=1)[0] in KINDS]
    cut = (known or cuts)[0]
    signal = text[:cut]
    if _is_signal(signal):
        return signal, text[cut + 1 :]
    if ":" in signal:
        return "*", text  # KIND:PARAMETER=VALUE with an unknown KIND
    allowed = ", ".join(
        (
            *SIGNALS,
            *(f"{prefix}NAME" for prefix in SIGNAL_PREFIXES),
            f"{CLASS_ERROR}CLASS",
            f"{GAP}MEASURE:GROUP=VALUE",
        )
    )
    raise ValueError(f"{text!r}: unknown signal {signal!r}; allowed: {allowed}, or a glob such as feature:*")


def _is_signal(name: str) -> bool:
    return (
        name in SIGNALS
        or name.startswith((*SIGNAL_PREFIXES, CLASS_ERROR, GAP))
        or any(mark in name for mark in "*?[")
    )
