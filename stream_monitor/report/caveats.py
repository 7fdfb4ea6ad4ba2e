"""What one should know before one trusts a silence: what is watched less well than it seems."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from stream_monitor.core.formatting import plain
from stream_monitor.decoding.values import read_cell
from stream_monitor.monitors.model import ModelMonitor
from stream_monitor.monitors.signal import SignalMonitor
from stream_monitor.signals.encoder import MAX_CATEGORIES
from stream_monitor.stats.reference import NumericReference

#: Names that a note lists at most.
LISTED = 5


def notes(monitor: ModelMonitor, warmup: int, seasonality: float | None, *, is_timed: bool) -> list[str]:
    """A line for each thing.

    ``seasonality`` is the period in seconds that was asked for, None where found out; ``is_timed``: whether any event
    has a time.
    """
    if monitor.predictions < warmup:
        return [f"{monitor.predictions:,} predictions are fewer than --warmup {warmup}: nothing could be found"]
    return [*_of_season(monitor, seasonality, is_timed), *_of_features(monitor)]


def _of_season(monitor: ModelMonitor, seasonality: float | None, is_timed: bool) -> Iterator[str]:
    waiting = [name for name, signal in monitor.signals.items() if signal.waits_for_season]
    if waiting and seasonality:
        hours = f"{seasonality / 3600:g}h"
        why = (
            f"no whole --seasonality of {hours} has passed yet" if is_timed else "--seasonality: events have no time"
        )
        yield f"{why}: nothing could be found in {_listed(waiting)}"


def _of_features(monitor: ModelMonitor) -> Iterator[str]:
    features = monitor.features
    if monitor.features_ignored:
        yield f"{monitor.features_ignored:,} values are of features beyond --max-features: they are not watched"
    empty = [name for name, counts in features.items() if not counts.numeric + counts.text]
    if empty:
        yield f"never a value in {_listed(empty)}: only what is missing is watched"
    constant = [name for name in features if _is_constant(monitor.signals.get(f"feature:{name}"))]
    if constant:
        yield f"one value only at first in {_listed(constant)}: any other one is a change"
    crowded = [name for name in features if _is_crowded(monitor.signals.get(f"feature:{name}"))]
    if crowded:
        over = f"over {MAX_CATEGORIES:,} categories, as an id has them"
        yield f"{over}, in {_listed(crowded)}: nothing can be compared in it"
    texts = [name for name, counts in features.items() if counts.type == "categorical" and not counts.is_given]
    spelled = [name for name in texts if _is_spelled(monitor.signals.get(f"feature:{name}"))]
    if spelled:
        yield f"numbers that came as text in {_listed(spelled)}: taken for categorical; send them as numbers"
    for name, counts in features.items():
        if counts.violations:
            wrong = f"{counts.violations:,} of its values are not"
            yield f"{_listed([name])} is taken for {counts.type}: {wrong} (--feature-type can say otherwise)"


def _is_constant(signal: SignalMonitor | None) -> bool:
    reference = signal.reference if signal else None
    return isinstance(reference, NumericReference) and reference.distinct == 1


def _is_crowded(signal: SignalMonitor | None) -> bool:
    return bool(signal and signal.categories and signal.categories.count >= MAX_CATEGORIES)


def _is_spelled(signal: SignalMonitor | None) -> bool:
    """Whether each of its categories is the text of a number."""
    names = signal.categories.state() if signal and signal.categories else []
    return bool(names) and all(type(read_cell(name)) is float for name in names)


def _listed(names: Sequence[str]) -> str:
    """The first few names, on one line; that of nothing in quotes.

    >>> _listed(["a", ""]), _listed([str(name) for name in range(7)])
    ("a, ''", '0, 1, 2, 3, 4 and 2 more')
    """
    more = len(names) - LISTED
    return ", ".join(plain(name) or "''" for name in names[:LISTED]) + (f" and {more} more" if more > 0 else "")
