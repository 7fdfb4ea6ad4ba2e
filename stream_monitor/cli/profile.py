"""``stream-monitor profile``: the profile of the training data."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np

from stream_monitor.cli.options import files_argument, load, settings_options
from stream_monitor.cli.progress import Reading
from stream_monitor.config.base import Settings, setting
from stream_monitor.config.value_types import Count, FeatureTypes, FieldPaths
from stream_monitor.core.errors import ConfigError
from stream_monitor.core.events import Task
from stream_monitor.core.formatting import counted
from stream_monitor.profiles.findings import findings
from stream_monitor.profiles.profile import ColumnProfile, Profile
from stream_monitor.profiles.profiler import Profiler, content_hash
from stream_monitor.sources.files import FileSource
from stream_monitor.sources.formats import Format
from stream_monitor.stats.reference import CategoricalReference

#: Features in the table; all are in the file.
SHOWN = 50
#: Categories named in a row of the table.
_NAMED = 3
#: A longer name is cut.
_WIDEST = 40
#: Columns of the table that are text.
_LEFT = (0, 1, 6)


class ProfileConfig(Settings):
    """Settings of ``stream-monitor profile``."""

    task: Task = setting("classification", "kind of model", "classification|regression")
    field: FieldPaths = setting(
        {}, "column that is no feature, such as label=churned, ts=at or id=customer; repeatable", "NAME=PATH"
    )
    feature_type: FeatureTypes = setting(
        {}, "type of a feature whose values do not show it; repeatable", "NAME=numeric|categorical"
    )
    max_features: Count = setting(500, "maximum number of features; give `run` the same", "COUNT")
    format: Format | None = setting(None, "format of the files; by default by their names", "jsonl|csv|parquet")


@click.command()
@files_argument
@click.option(
    "-o",
    "--output",
    metavar="OUT",
    required=True,
    type=click.Path(path_type=Path),
    help="write the profile to this file",
)
@settings_options(ProfileConfig)
def profile(files: Sequence[Path], output: Path, **flags: Any) -> None:
    """Learn from training data what is normal, for `run` and `replay` to compare with.

    FILE is JSONL, CSV or Parquet, plain or compressed by gzip or zstd. All columns are features, but for those mapped
    by --field and those named as an event's fields are: id, ts, model, version, prediction, score, groups, label.
    """
    config = load(ProfileConfig, flags)
    _check_output(output, files)
    began = time.monotonic()
    profiler = Profiler(config.field, config.feature_type, task=config.task, max_features=config.max_features)
    source = FileSource(files, file_format=config.format)
    with Reading() as progress:
        while not source.exhausted:
            profiler.add(source.poll(0))
            progress(source)
    source.close()
    try:
        found = profiler.profile([path.name for path in files], content_hash(files))
    except ConfigError as error:
        names = ", ".join(map(str, files))
        raise ConfigError(str(error) if str(error).startswith("--") else f"{names}: {error}") from None
    found.write(output)
    _print(found, time.monotonic() - began)
    click.echo(f"\nWritten to {output}: {output.stat().st_size / 1000:,.0f} kB, data {found.hash[:12]}")
    for finding in findings(profiler):
        click.echo(f"Warning: {finding}", err=True)


def _check_output(output: Path, files: Sequence[Path]) -> None:
    """Raise `ConfigError` where the profile can't be written, before the data is read."""
    if output.resolve() in {path.resolve() for path in files}:
        raise ConfigError(f"--output: {output} is read; name another file")
    if output.exists() and not output.is_file():
        raise ConfigError(f"--output: {output} is a directory or a device; name a file")
    if not output.parent.is_dir() or not os.access(output.parent, os.W_OK):
        raise ConfigError(f"--output: can't write into {output.parent}; name a file in a directory that is there")


def _print(found: Profile, seconds: float) -> None:
    size = f"{counted(found.rows, 'row')} of {counted(len(found.features), 'feature')}"
    order = f"; in order of time, {found.rate:.4g} a second" if found.rate else ""
    click.echo(f"{size} in {seconds:.1f} s ({found.rows / max(seconds, 1e-9):,.0f} rows/s){order}\n")
    targets = {f"({name})": getattr(found, name) for name in ("score", "prediction", "label")}
    columns = [*list(found.features.items())[:SHOWN], *((name, column) for name, column in targets.items() if column)]
    head = ("feature", "type", "missing", "min", "median", "max", "most frequent")
    rows = [head, *(_row(name, column) for name, column in columns)]
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            cell.ljust(width) if at in _LEFT else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        click.echo("  " + "  ".join(cells).rstrip())
    if len(found.features) > SHOWN:
        click.echo(f"  and {len(found.features) - SHOWN:,} more features")


def _row(name: str, column: ColumnProfile) -> tuple[str, ...]:
    """Return a row of the table: columns of numbers, then of categories."""
    numbers, frequent = ("", "", ""), ""
    if column.numeric:
        median = float(column.numeric.quantile(np.array([0.5]))[0])
        numbers = (f"{column.numeric.minimum:.6g}", f"{median:.6g}", f"{column.numeric.maximum:.6g}")
    if column.categorical:
        frequent = _most_frequent(column.categorical)
    return (_short(name), column.type or "unknown", _percent(column.missing_share), *numbers, frequent)


def _most_frequent(reference: CategoricalReference) -> str:
    pairs = zip(reference.categories[:_NAMED], reference.counts, strict=False)
    named = ", ".join(f"{_short(name, _WIDEST // 2)} {_percent(times / reference.count)}" for name, times in pairs)
    more = len(reference.categories) - _NAMED
    if not reference.is_complete:
        return f"{named} and many more"
    return f"{named} and {more:,} more" if more > 0 else named


def _percent(share: float) -> str:
    """Return a share in percent, in which a share above 0 is never 0 %."""
    return "<0.1%" if 0 < share < 0.0005 else f"{share:.1%}"


def _short(name: str, widest: int = _WIDEST) -> str:
    """Return a name that fits on one line of the table."""
    shown = " ".join(name.split()) or repr(name)
    return shown if len(shown) <= widest else f"{shown[: widest - 1]}…"
