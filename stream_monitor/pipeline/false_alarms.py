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
#: Largest multiple that is told as a number: beyond it the estimate says no more than that there are many.
MAX_TOLD = 100.0
_SEASON = ", with --seasonality if that is a season,"
_WHY: dict[Cause, str] = {
    "variance": (
        "where the variance comes in bursts; fewer with --detector 'SIGNAL=glr:clock=32', without short windows, "
        "or with a higher --expected-run-length"
    ),
    "level": (
        "where the level comes and goes, each alarm undoing the one before; fewer with a higher --min-effect"
        "{season} or with a higher --expected-run-length"
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
        signals = [signal for signal in found if signal.false_alarms.cause == cause]
        if signals:
            times = [f"{_rounded(each.false_alarms.ratio)} times as many in {plain(each.name)}" for each in signals]
            more = f" and {len(times) - MAX_NAMED} more" if len(times) > MAX_NAMED else ""
            season = "" if any(each.seasons or each.awaited_seasons for each in signals) else _SEASON
            told = f"{', '.join(times[:MAX_NAMED])}{more}, {why.format(season=season)}"
            yield f"the promised number of false alarms is not kept: {told}"


def _rounded(ratio: float) -> str:
    """Return a ratio with two digits, in words.

    >>> _rounded(3.04), _rounded(1234.0)
    ('about 3', 'more than 100')
    """
    return f"more than {MAX_TOLD:.0f}" if ratio > MAX_TOLD else f"about {float(f'{ratio:.2g}'):.0f}"
