"""Performance: values at the end, and charts over time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stream_monitor.core.events import ModelVersion
from stream_monitor.performance.known_measures import KNOWN
from stream_monitor.performance.windows import Window
from stream_monitor.pipeline.snapshot import ModelSnapshot, PerformanceSnapshot
from stream_monitor.report.chart import Bounds, Line, chart
from stream_monitor.report.contents import Contents
from stream_monitor.report.html import exact
from stream_monitor.report.signal_charts import make_grid
from stream_monitor.sections.html import text

#: The maximum number of versions with charts.
MAX_VERSIONS = 10
#: The minimum number of outcomes of a point, unless there are never as many.
MIN_OUTCOMES = 30
WINDOWS: tuple[Window, ...] = ("cumulative", "rolling", "decayed")
CLASS_WINDOWS: tuple[Window, ...] = ("cumulative", "rolling")
CLASS_COLUMNS = ("precision", "recall", "f1")
#: Measures without a chart: the mean of the classes' recalls is the balanced accuracy.
NOT_DRAWN = ("macro_recall",)


def performance_charts(contents: Contents) -> str:
    """Return the performance of every model version, as a table and over time."""
    models = contents.snapshot.models
    drawn = "".join(_version(contents, model) for model in models[:MAX_VERSIONS] if model.performance.measures)
    rest = len(models) - MAX_VERSIONS
    more = f"<p class=note>{rest:,} more versions are not shown; --json has their values.</p>" if rest > 0 else ""
    return (drawn or "<p class=empty>No prediction has met its label.</p>") + more


def _version(contents: Contents, model: ModelSnapshot) -> str:
    name = contents.named(model.key)
    heading = f"<h3>{text(name)}</h3>" if name else ""
    drawn = [measure for measure in model.performance.measures if measure not in NOT_DRAWN]
    charts = "".join(_figure(contents, model.key, measure) for measure in drawn)
    return f"{heading}{_table(model.performance)}{_classes(model.performance)}{charts}"


def _figure(contents: Contents, key: ModelVersion, measure: str) -> str:
    samples = contents.recorder.performance.get((key, measure))
    positions, rows = samples.points(make_grid(contents)) if samples else (np.empty(0), np.empty((5, 0)))
    if np.isnan(rows[[0, 3]]).all():
        return ""
    enough = rows[4] >= min(MIN_OUTCOMES, rows[4].max())
    positions, (rolling, lower, upper, cumulative, _) = positions[enough], rows[:, enough]
    lines = [Line("cumulative", positions, cumulative), Line("mean", positions, rolling, lower, upper)]
    interval = ", with its 95% interval" if measure == "accuracy" else ""
    picture = chart(contents.base, lines, contents.marks(key, ()), f"{measure} over time", _bounds(measure), 180)
    return (
        f'<figure data-performance="{text(measure)}"><figcaption><b>{text(measure)}</b> <span>rolling{interval}; '
        f"<span class=key><i class=cumulative></i>cumulative</span></span></figcaption>"
        f"<div class=wide>{picture}</div></figure>"
    )


def _bounds(name: str) -> Bounds:
    measure = KNOWN[name]
    return Bounds(measure.minimum, measure.maximum, measure.is_share)


def _table(performance: PerformanceSnapshot) -> str:
    rows = []
    for measure, windows in performance.measures.items():
        intervals = performance.intervals if measure == "accuracy" else {}
        cells = "".join(f"<td class=number>{_cell(windows.get(w), intervals.get(w))}" for w in WINDOWS)
        rows.append(f"<tr><td>{text(measure)}{cells}")
    counts = "".join(f"<td class=number>{_count(performance.outcomes.get(w, 0.0))}" for w in WINDOWS)
    head = "".join(f"<th class=number>{window}" for window in WINDOWS)
    return f"<div class=wide><table class=narrow><tr><th>{head}{''.join(rows)}<tr><td>outcomes{counts}</table></div>"


def _classes(performance: PerformanceSnapshot) -> str:
    """Return the measures of each class as a table; nothing without classes."""
    if not performance.classes:
        return ""
    columns = [(window, measure) for window in CLASS_WINDOWS for measure in CLASS_COLUMNS]
    rows = []
    for name, measures in performance.classes.items():
        cells = "".join(f"<td class=number>{exact(measures.get(m, {}).get(w), 4)}" for w, m in columns)
        rows.append(f"<tr><td>{text(name)}<td class=number>{_count(performance.labels[name])}{cells}")
    windows = "".join(f"<th class=number colspan={len(CLASS_COLUMNS)}>{window}" for window in CLASS_WINDOWS)
    head = "".join(f"<th class=number>{measure}" for _, measure in columns)
    return (
        f"<div class=wide><table class=by-class><tr><th><th>{windows}"
        f"<tr><th>class<th class=number>labels{head}{''.join(rows)}</table></div>"
    )


def _count(value: float) -> str:
    return f'<data value="{value!r}">{value:,.0f}</data>'


def _cell(value: float | None, bounds: Sequence[float] | None) -> str:
    if bounds is None or value is None:
        return exact(value, 4)
    share, lower, upper = (f'<data value="{each!r}">{each:.4f}</data>' for each in (value, *bounds))
    return f"{share} <small>({lower} to {upper})</small>"
