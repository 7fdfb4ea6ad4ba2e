"""Findings on the training data for the user: everything ignored, unusual, or decided by default."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from stream_monitor.core.formatting import counted
from stream_monitor.profiles.column import MAX_COUNTED, Column
from stream_monitor.profiles.profiler import Profiler
from stream_monitor.profiles.season_sample import DAY, WEEK
from stream_monitor.stats.reference.categorical import MAX_CATEGORIES

#: The minimum number of rows to recognise a column as an index or an identifier.
_MIN_ROWS = 100
#: The minimum integrated autocorrelation time that is reported.
_MIN_AUTOCORRELATION_TIME = 2.0
#: The minimum share of all values that the kept categories should cover.
_MIN_COVERAGE = 0.1
#: The minimum strength of a season that is reported, and the durations that take it out.
_MIN_STRENGTH = 0.1
_FLAGS = {DAY: "24h", WEEK: "24h,7d"}


def findings(profiler: Profiler) -> list[str]:
    """Return one line for each irregularity of the data, and for each decision that a flag can change."""
    of_columns = (_of_column(profiler, name, column) for name, column in profiler.features.items())
    return [*_of_rows(profiler), *chain.from_iterable(of_columns)]


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _those(count: int) -> str:
    return f"{counted(count, 'value')} that {_are(count)}"


def _of_rows(profiler: Profiler) -> Iterator[str]:
    for reason, count in profiler.rejected.items():
        yield f"{counted(count, 'row')} could not be read: {profiler.details[reason]}"
    if profiler.has_times and profiler.untimed:
        have = "has" if profiler.untimed == 1 else "have"
        rows = counted(profiler.untimed, "row")
        yield f"{rows} {have} no time that can be read: no rate and no autocorrelation are known"
    elif profiler.has_times and profiler.disordered:
        yield "rows are not in order of time: no rate and no autocorrelation are known; sort them to have both"
    fields = [name for name in profiler.unmapped_fields if name != "features"]
    if fields:
        yield f"taken as fields of an event, not features: {', '.join(fields)}; --field feature:NAME=NAME makes one"


def _of_column(profiler: Profiler, name: str, column: Column) -> Iterator[str]:
    hint = "" if column.is_given else "; --feature-type overrides this"
    if column.type is None:
        yield f"{name!r} has no value in any row: it has no reference"
    elif column.type == "numeric":
        if column.text:
            yield f"{name!r} is numeric: its {_those(column.text)} text {_are(column.text)} left out{hint}"
        if column.numbers.rises and column.numeric >= _MIN_ROWS:
            yield f"{name!r} rises from row to row, as an index or a time does: map it with --field, or leave it out"
        if profiler.is_series:
            yield from _of_series(name, column)
    else:
        yield from _of_categories(name, column, hint)
    if column.other:
        yield f"{name!r} has {_those(column.other)} neither number nor text: left out"


def _of_series(name: str, column: Column) -> Iterator[str]:
    strengths = column.times.strengths(column.numbers.reference())
    period = max(strengths, key=strengths.__getitem__, default=0.0)
    if strengths and strengths[period] >= _MIN_STRENGTH:
        cycle = "daily" if period == DAY else "weekly"
        share = f"it explains {strengths[period]:.0%} of the variance of its normal scores"
        yield f"{name!r} has a {cycle} cycle: {share}; --seasonality {_FLAGS[period]} takes it out"
    elif column.dependence and column.dependence[1] > _MIN_AUTOCORRELATION_TIME:
        yield f"{name!r} changes slowly: {column.dependence[1]:,.0f} values of it are worth one independent value"


def _of_categories(name: str, column: Column, hint: str) -> Iterator[str]:
    known, usable = len(column.categories.counts), column.numeric + column.text
    if column.numeric and not column.is_given:
        numbers = counted(column.numeric, "number")
        yield f"{name!r} is categorical: its {numbers} {_are(column.numeric)} taken as such{hint}"
    top = sum(times for _, times in column.categories.counts.most_common(MAX_CATEGORIES))
    if usable >= _MIN_ROWS and known > 1 and top < _MIN_COVERAGE * usable:
        yield f"{name!r} has too many different values to be compared, as an id or free text has"
    elif not column.categories.is_exact:
        yield (
            f"{name!r} has more than {MAX_COUNTED:,} categories: the {MAX_CATEGORIES} most frequent are kept, with "
            "counts that may be a little low, the rest together"
        )
    elif known > MAX_CATEGORIES:
        yield f"{name!r} has {known:,} categories: the {MAX_CATEGORIES} most frequent are kept, the rest together"
