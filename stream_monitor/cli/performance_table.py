"""The performance of a model version, as text."""

from __future__ import annotations

from collections.abc import Mapping

import click

from stream_monitor.core.formatting import fixed, plain
from stream_monitor.performance.windows import Window
from stream_monitor.pipeline.snapshot import PerformanceSnapshot
from stream_monitor.stats.intervals import Interval

#: Characters of a class's name that are shown.
MAX_NAME = 24
#: Characters of a column that has a measure.
WIDTH = 11
CLASS_COLUMNS = ("precision", "recall", "f1")
CLASS_WINDOWS: tuple[Window, ...] = ("cumulative", "rolling")


def show(performance: PerformanceSnapshot) -> None:
    """Print each measure over each window, and those of each class."""
    width = max(map(len, performance.measures), default=0)
    for measure, windows in performance.measures.items():
        bounds = performance.intervals if measure == "accuracy" else {}
        values = "  ".join(
            f"{window} {fixed(value)}{_between(bounds.get(window))}" for window, value in windows.items()
        )
        click.echo(f"  {measure:{width}}  {values}")
    if performance.classes:
        _show_classes(performance)


def _show_classes(performance: PerformanceSnapshot) -> None:
    labels = performance.labels
    names = {name: plain(name)[:MAX_NAME] for name in performance.classes}
    width = max(len("class"), *map(len, names.values()))
    head = "".join(f"{column:>{WIDTH}}" for column in CLASS_COLUMNS)
    click.echo(f"  {'':{width}}  {'':>11}  " + "  ".join(f"{window:>{len(head)}}" for window in CLASS_WINDOWS))
    click.echo(f"  {'class':{width}}  {'labels':>11}  " + "  ".join(head for _ in CLASS_WINDOWS))
    for name, measures in performance.classes.items():
        cells = "  ".join(_cells(measures, window) for window in CLASS_WINDOWS)
        click.echo(f"  {names[name]:{width}}  {labels[name]:>11,}  {cells}")


def _cells(measures: Mapping[str, Mapping[Window, float]], window: Window) -> str:
    """Return the measures of a class over a window, below their heads; a dash for one that is not defined."""
    values = (measures.get(column, {}).get(window) for column in CLASS_COLUMNS)
    return "".join(f"{'–' if value is None else f'{value:.4f}':>{WIDTH}}" for value in values)


def _between(bounds: Interval | None) -> str:
    """Return a 95 % interval as text to follow its value."""
    return f" ({bounds.lower:.4f} to {bounds.upper:.4f})" if bounds else ""
