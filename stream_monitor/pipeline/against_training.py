"""The signals of a model version against the training data, in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from stream_monitor.core.formatting import counted, percent, plain, short
from stream_monitor.pipeline.snapshot import ModelSnapshot
from stream_monitor.stats.training_verdict import SignalVerdict, Verdict, VerdictName

#: The verdicts, in the order in which signals are told.
VERDICTS: tuple[VerdictName, ...] = ("shifted", "not enough data", "same")


def against_training(model: ModelSnapshot) -> list[SignalVerdict]:
    """Return the signals with a verdict: those that are shifted first, and of these the largest effect."""
    return sorted(
        model.training, key=lambda each: (VERDICTS.index(each.verdict.verdict), -each.verdict.effect, each.name)
    )


class Rows(NamedTuple):
    """The signals that are told one by one, in order, and the number of the others that differ or may differ."""

    told: Sequence[SignalVerdict]
    rest: int


def rows(found: Sequence[SignalVerdict], most: int, verdicts: Sequence[VerdictName] = VERDICTS[:2]) -> Rows:
    """Return the first signals with one of these verdicts, as `against_training` orders them, at most so many."""
    chosen = [each for each in found if each.verdict.verdict in verdicts]
    return Rows(chosen[:most], max(len(chosen) - most, 0))


def headline(found: Sequence[SignalVerdict]) -> str:
    """Return how many signals differ from the training data, in one sentence."""
    shifted = [each.verdict for each in found if each.verdict.verdict == "shifted"]
    since = sum(verdict.is_skew for verdict in shifted)
    unknown = sum(each.verdict.verdict == "not enough data" for each in found)
    parts = [f"{len(shifted):,} of {counted(len(found), 'signal')} {'is' if len(shifted) == 1 else 'are'} shifted"]
    parts[0] += f", {since:,} since the start" if since else ""
    if unknown:
        parts.append(f"of {unknown:,} there is not enough data")
    return "; ".join(parts)


def moved(signal: SignalVerdict) -> str:
    """Return the level of a signal in the training data and now, and what of it differs."""
    verdict = signal.verdict
    if verdict.measure is None:
        return ""
    if signal.kind == "share":
        return f"{percent(verdict.before)} -> {percent(verdict.after)}"
    shares = ", ".join(
        f"{_named(part.name, signal)} {percent(part.before)} -> {percent(part.after)}" for part in verdict.parts
    )
    if signal.kind == "category":
        return shares
    means = f"mean {short(verdict.before, 4)} -> {short(verdict.after, 4)}"
    return f"{means}; {shares}" if shares else means


def when(verdict: Verdict) -> str:
    """Return since when a signal is shifted, or why it is not known."""
    if verdict.verdict == "shifted":
        return "since the start" if verdict.is_since_start else "since its last change"
    if verdict.verdict == "same" or verdict.reason is None:
        return verdict.verdict
    return f"{verdict.verdict}: {verdict.reason} ({verdict.effective:,.0f} independent of {verdict.values:,})"


def distance(verdict: Verdict) -> str:
    """Return the distance with its threshold."""
    if verdict.measure is None:
        return f"{counted(verdict.values, 'value')} so far"
    if not math.isfinite(verdict.threshold):
        return f"{verdict.measure} {short(verdict.value, 3)}"
    sign = ">" if verdict.value > verdict.threshold else "<="
    return f"{verdict.measure} {short(verdict.value, 3)} {sign} {short(verdict.threshold, 3)}"


def _named(name: str, signal: SignalVerdict) -> str:
    return plain(repr(name)) if signal.kind == "category" else name
