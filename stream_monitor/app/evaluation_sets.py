"""Evaluation sets and a candidate's predictions, read from files."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from stream_monitor.core.arrays import Bools
from stream_monitor.core.errors import ConfigError
from stream_monitor.core.events import Target
from stream_monitor.decoding.values import spelled
from stream_monitor.performance.holdout import for_verdict
from stream_monitor.stats.reference import category_name

_COLUMNS = ("id", "version", "prediction", "label", "in_sample")


class SetRows(NamedTuple):
    """The rows of a champion in the sample of one set.

    Attributes:
        name: The set's file.
        start: The start of its window, in seconds since the Unix epoch.
        champion: Where the champion is right, shape (n,).
        candidate: Where the candidate is right, shape (n,).
        is_for_verdict: Which rows are for the verdict, shape (n,).
        missing: Rows without a prediction of the candidate.
    """

    name: str
    start: float
    champion: Bools
    candidate: Bools
    is_for_verdict: Bools
    missing: int


def read_set(path: Path, start: float, version: str, candidate: Mapping[str, str]) -> SetRows:
    """Return the rows of a set; a row without a prediction of the candidate counts as wrong.

    Args:
        path: The set's file.
        start: The start of its window.
        version: The champion's version.
        candidate: The candidate's class by id, as `read_candidate` returns it.

    Raises:
        ConfigError: The file can't be read, or pyarrow is not installed.
    """
    rows = [row for row in _read_parquet(path) if row["in_sample"] and row["version"] == version]
    labels = [class_of(row["label"]) for row in rows]
    given = [candidate.get(row["id"]) for row in rows]
    return SetRows(
        path.name,
        start,
        np.array([class_of(row["prediction"]) == label for row, label in zip(rows, labels, strict=True)], bool),
        np.array([each == label for each, label in zip(given, labels, strict=True)], bool),
        for_verdict([row["id"] for row in rows]),
        given.count(None),
    )


def read_candidate(path: Path) -> dict[str, str]:
    """Return a candidate's class by id, out of a CSV file with the columns ``id`` and ``prediction``.

    Raises:
        ConfigError: The file can't be read, or has no such columns.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            missing = {"id", "prediction"} - set(rows.fieldnames or ())
            if missing:
                names = ", ".join(rows.fieldnames or ()) or "none"
                raise ConfigError(f"--candidate: {path} has the columns {names}; allowed: id and prediction")
            return {row["id"]: class_of(row["prediction"] or "") for row in rows}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"--candidate: can't read {path}: {error}") from None


def class_of(value: Target) -> str:
    """Return the name of a class; ``1``, ``1.0`` and ``"1"`` are one.

    >>> class_of("1.0"), class_of(1), class_of("true"), class_of(True), class_of("yes")
    ('1', '1', 'True', 'True', 'yes')
    """
    known = spelled(value) if isinstance(value, str) else value
    return category_name(value if known is None else known)


def _read_parquet(path: Path) -> Sequence[Mapping[str, Any]]:
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import read_table
    except ImportError:
        raise ConfigError("reading Parquet needs pyarrow: pip install 'stream-monitor[parquet]'") from None
    try:
        rows: list[dict[str, Any]] = read_table(path, columns=list(_COLUMNS)).to_pylist()
    except (OSError, ArrowException) as error:
        raise ConfigError(f"--sets: can't read {path}: {' '.join(str(error).split())[:200]}") from None
    return rows
