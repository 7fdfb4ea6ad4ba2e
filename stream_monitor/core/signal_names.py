"""The names of signals, and of those that a specification is for."""

from __future__ import annotations

import re
from collections.abc import Collection

#: The names of signals, and the prefixes of those that are followed by a feature's name.
SIGNALS = ("prediction", "score", "error", "invalid")
SIGNAL_PREFIXES = ("feature:", "spread:", "missing:")
#: The prefix of the errors of one class, which the name of the class follows.
CLASS_ERROR = "error:"
#: The prefix of the gap between a value of a group and the others, which ``MEASURE:GROUP=VALUE`` follows.
GAP = "gap:"


def split_signal(text: str, kinds: Collection[str]) -> tuple[str, str]:
    """Split ``SIGNAL=KIND...``, of which a feature's name may itself contain ``:`` and ``=``; without SIGNAL, ``*``.

    Raises:
        ValueError: The signal is unknown; the message says which are allowed.

    >>> split_signal("feature:a=b=glr:window=500", ["glr"])
    ('feature:a=b', 'glr:window=500')
    """
    head = re.split("[:=]", text, maxsplit=1)[0]
    if head in kinds or "=" not in text:
        return "*", text
    cuts = [match.start() for match in re.finditer("=", text)]
    known = [cut for cut in cuts if re.split(":", text[cut + 1 :], maxsplit=1)[0] in kinds]
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
