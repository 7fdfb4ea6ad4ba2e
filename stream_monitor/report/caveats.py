"""Caveats: what is not watched, or less well than it seems."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from stream_monitor.core.formatting import period_text, plain
from stream_monitor.decoding.values import read_cell
from stream_monitor.pipeline.false_alarms import sentences
from stream_monitor.pipeline.snapshot import FeatureSnapshot, ModelSnapshot, SignalSnapshot
from stream_monitor.report.baselines import baseline_caveats
from stream_monitor.report.estimated import estimated_caveats
from stream_monitor.sections.group_caveats import fairness_caveats
from stream_monitor.signals.encoder import MAX_CATEGORIES

#: Names that a caveat lists at most.
MAX_LISTED = 5
#: Smallest share of the variance that a season explains where it is told to be left in.
MIN_STRENGTH = 0.05


def caveats(model: ModelSnapshot, warmup: int, order: str = "") -> list[str]:
    """Return a line for each thing that is not watched, or less well than it seems.

    Args:
        model: The model version.
        warmup: Values of a signal from which its scale is learned.
        order: A message on predictions that came in a wrong order, if many did.
    """
    if model.predictions < warmup:
        return [f"{model.predictions:,} predictions are fewer than --warmup {warmup}: nothing could be found"]
    return [
        *_of_order(order),
        *_of_season(model),
        *_of_seasons_left_in(model),
        *sentences(model),
        *_of_features(model),
        *estimated_caveats(model.estimated),
        *baseline_caveats(model),
        *(fairness_caveats(model.fairness) if model.fairness else ()),
    ]


def _of_order(order: str) -> Iterator[str]:
    if order:
        why = "changes are looked for in the order of the rows, and no season is learned from times that fall"
        yield f"{order}: {why}; sort the rows by time"


def _of_season(model: ModelSnapshot) -> Iterator[str]:
    spans: dict[float, float] = {}
    names: dict[float, list[str]] = {}
    for signal in model.signals:
        for period, span in signal.awaited_seasons:
            names.setdefault(period, []).append(signal.name)
            spans[period] = max(spans.get(period, 0.0), span)  # NaN gives way
    for period, span in sorted(spans.items()):
        season = f"season of {period_text(period)}: {_why_awaited(period, span)}; not taken out"
        yield f"{season}, and only large changes are found in {_listed(names[period])}"


def _why_awaited(period: float, span: float) -> str:
    if span > period:
        return "no whole period without a change in it yet"
    return f"only {_days(span)} of data" if span > 0.0 else "events have no time, or none that is later"


def _of_seasons_left_in(model: ModelSnapshot) -> Iterator[str]:
    found: dict[float, dict[str, float]] = {}
    for name, strengths in model.seasons_left_in.items():
        for period, strength in strengths.items():
            if strength >= MIN_STRENGTH:
                found.setdefault(period, {})[name] = strength
    asked = ",".join(map(period_text, sorted(found)))
    for period, signals in sorted(found.items()):
        ranked = sorted(signals, key=lambda name: (-signals[name], name))
        parts = _listed([f"{signals[name]:.0%} of the variance of {name}" for name in ranked])
        yield (
            f"season of {period_text(period)} left in: it explains {parts}; its changes are told as drift. "
            f"--seasonality {asked} takes it out, or auto"
        )


def _days(seconds: float) -> str:
    """Return a length in days, or hours if it is below two days.

    >>> _days(3 * 86_400.0), _days(5400.0)
    ('3 days', '1.5 hours')
    """
    return f"{seconds / 86_400:.3g} days" if seconds >= 2 * 86_400 else f"{seconds / 3600:.3g} hours"


def _of_features(model: ModelSnapshot) -> Iterator[str]:
    features = model.features
    if model.features_ignored:
        yield f"{model.features_ignored:,} values are of features beyond --max-features: they are not watched"
    if empty := [feature.name for feature in features if not feature.numeric + feature.text]:
        yield f"never a value in {_listed(empty)}: only what is missing is watched"
    values = {signal.name: signal for signal in model.signals}
    watched = [(feature, values.get(f"feature:{feature.name}")) for feature in features]
    if constant := [feature.name for feature, signal in watched if signal and signal.reference_values == 1]:
        yield f"one value only at first in {_listed(constant)}: any other one is a change"
    if crowded := [f.name for f, signal in watched if signal and len(signal.categories) >= MAX_CATEGORIES]:
        over = f"over {MAX_CATEGORIES:,} categories, as an id has them"
        yield f"{over}, in {_listed(crowded)}: nothing can be compared in it"
    if spelled := [f.name for f, signal in watched if _is_inferred_from_text(f) and signal and _are_numbers(signal)]:
        yield f"numbers that came as text in {_listed(spelled)}: taken for categorical; send them as numbers"
    yield from map(_of_violations, filter(_has_violations, features))


def _of_violations(feature: FeatureSnapshot) -> str:
    wrong = f"{feature.violations:,} of its values are not"
    return f"{_listed([feature.name])} is taken for {feature.type}: {wrong} (--feature-type can say otherwise)"


def _has_violations(feature: FeatureSnapshot) -> bool:
    return feature.violations > 0


def _is_inferred_from_text(feature: FeatureSnapshot) -> bool:
    return feature.type == "categorical" and not feature.is_given


def _are_numbers(signal: SignalSnapshot) -> bool:
    """Check that each category is the text of a number."""
    return bool(signal.categories) and all(type(read_cell(name)) is float for name in signal.categories)


def _listed(names: Sequence[str]) -> str:
    """Return the first few names on one line, an empty one as quotes.

    >>> _listed(["a", ""]), _listed([str(name) for name in range(7)])
    ("a, ''", '0, 1, 2, 3, 4 and 2 more')
    """
    more = len(names) - MAX_LISTED
    return ", ".join(plain(name) or "''" for name in names[:MAX_LISTED]) + (f" and {more} more" if more > 0 else "")
