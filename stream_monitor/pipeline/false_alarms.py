"""The signals on which the promise on false alarms does not hold, in words."""

from __future__ import annotations

from collections.abc import Iterator

from stream_monitor.core.formatting import plain
from stream_monitor.drift.false_alarms import Cause
from stream_monitor.pipeline.snapshot import ModelSnapshot, SignalSnapshot

#: From this multiple of the promised number of false alarms on, a signal is told of.
MIN_TOLD = 3.0
#: Signals that a sentence names.
MAX_NAMED = 5
_WHY: dict[Cause, str] = {
    "variance": (
        "where the variance comes in bursts; fewer with --detector 'SIGNAL=glr:clock=32', without short windows, "
        "or with a higher --expected-run-length"
    ),
    "level": (
        "where the level comes and goes, each alarm undoing the one before; fewer with a higher --min-effect, with "
        "--seasonality if that is a season, or with a higher --expected-run-length"
    ),
}


def unkept(model: ModelSnapshot) -> list[SignalSnapshot]:
    """Return the signals of which more false alarms come than promised, those with the most first."""
    found = [signal for signal in model.signals if signal.false_alarms.ratio >= MIN_TOLD]
    return sorted(found, key=lambda signal: (-signal.false_alarms.ratio, signal.name))


def sentences(model: ModelSnapshot) -> Iterator[str]:
    """Yield a sentence for each reason for which the promise does not hold on some signals."""
    found = unkept(model)
    for cause, why in _WHY.items():
        times = [
            f"about {_rounded(each.false_alarms.ratio)} times as many in {plain(each.name)}"
            for each in found
            if each.false_alarms.cause == cause
        ]
        if times:
            more = f" and {len(times) - MAX_NAMED} more" if len(times) > MAX_NAMED else ""
            yield f"the promised number of false alarms is not kept: {', '.join(times[:MAX_NAMED])}{more}, {why}"


def _rounded(ratio: float) -> str:
    """Return a ratio with two digits.

    >>> _rounded(3.04), _rounded(1234.0)
    ('3', '1,200')
    """
    return f"{float(f'{ratio:.2g}'):,.0f}"
