"""The signals of a model version against the training data, in words."""

from __future__ import annotations

import math
from collections.abc import Sequence

from stream_monitor.core.formatting import counted, plain, short
from stream_monitor.pipeline.snapshot import ModelSnapshot, SignalSnapshot
from stream_monitor.stats.training_verdict import Verdict

#: The verdicts, in the order in which signals are told.
VERDICTS = ("shifted", "not enough data", "same")


def against_training(model: ModelSnapshot) -> list[tuple[SignalSnapshot, Verdict]]:
    """Return the signals with a verdict: those that are shifted first, and of these the largest effect."""
    found = [(signal, signal.training) for signal in model.signals if signal.training]
    return sorted(found, key=lambda each: (VERDICTS.index(each[1].verdict), -each[1].effect, each[0].name))


def headline(found: Sequence[tuple[SignalSnapshot, Verdict]]) -> str:
    """Return how many signals differ from the training data, in one sentence."""
    shifted = [verdict for _, verdict in found if verdict.verdict == "shifted"]
    since = sum(verdict.is_skew for verdict in shifted)
    unknown = sum(verdict.verdict == "not enough data" for _, verdict in found)
    parts = [f"{len(shifted):,} of {counted(len(found), 'signal')} {'is' if len(shifted) == 1 else 'are'} shifted"]
    parts[0] += f", {since:,} since the start" if since else ""
    if unknown:
        parts.append(f"of {unknown:,} there is not enough data")
    return "; ".join(parts)


def moved(signal: SignalSnapshot, verdict: Verdict) -> str:
    """Return the level of a signal in the training data and now, and what of it differs."""
    if signal.kind == "share":
        return f"{share(verdict.before)} -> {share(verdict.after)}"
    shares = ", ".join(
        f"{_named(part.name, signal)} {share(part.before)} -> {share(part.after)}" for part in verdict.parts
    )
    if signal.kind == "category":
        return shares
    means = f"mean {short(verdict.before, 4)} -> {short(verdict.after, 4)}"
    return f"{means}; {shares}" if shares else means


def when(verdict: Verdict) -> str:
    """Return since when a signal is shifted, or why it is not known."""
    if verdict.verdict == "shifted":
        return "since the start" if verdict.is_since_start else "since its last change"
    return f"{verdict.verdict}: {verdict.reason}" if verdict.reason else verdict.verdict


def distance(verdict: Verdict) -> str:
    """Return the distance with its threshold."""
    if verdict.measure is None:
        return f"{counted(verdict.values, 'value')} so far"
    if not math.isfinite(verdict.threshold):
        return f"{verdict.measure} {short(verdict.value, 3)}, too few independent values for a threshold"
    sign = ">" if verdict.value > verdict.threshold else "<="
    return f"{verdict.measure} {short(verdict.value, 3)} {sign} {short(verdict.threshold, 3)}"


def share(value: float) -> str:
    """Return a share as a percentage.

    >>> share(0.5), share(0.00012), share(0.0)
    ('50 %', '0.012 %', '0 %')
    """
    return f"{100.0 * value:.3g} %"


def _named(name: str, signal: SignalSnapshot) -> str:
    return plain(repr(name)) if signal.kind == "category" else name
