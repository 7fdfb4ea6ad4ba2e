"""The profiler: computes a profile from batches of training data."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, groupby
from pathlib import Path
from typing import Any, Literal

from stream_monitor import __version__
from stream_monitor.core.errors import ConfigError, Reason, RecordError
from stream_monitor.core.events import FeatureType
from stream_monitor.core.records import Record
from stream_monitor.core.timestamps import parse_timestamp
from stream_monitor.decoding.fields import NATIVE_FIELDS, REST, FieldMap
from stream_monitor.profiles.column import Column
from stream_monitor.profiles.profile import ColumnProfile, Profile
from stream_monitor.profiles.rows import Row, cells, classes, read_row, scores

#: The number of names listed in an error message.
_MAX_LISTED = 20


class Profiler:
    """An accumulator of training data that returns its profile.

    All columns that ``fields`` does not name are features, unless a record has an object ``features``.

    Args:
        fields: The mapping from fields of an event to columns, as for decoding.
        feature_types: The types of features, for those that should not be inferred from the values.
        task: The task of the model.
        max_features: The maximum number of features.

    >>> from stream_monitor.core.records import Record
    >>> profiler = Profiler({"label": "churned"})
    >>> profiler.add([Record("x", 0, {"age": 41, "churned": "no"}), Record("x", 1, {"age": 43})])
    >>> profile = profiler.profile([], "")
    >>> profile.rows, profile.features["age"].numeric.mean, profile.label.missing_share
    (2, 42.0, 0.5)
    """

    def __init__(
        self,
        fields: Mapping[str, str] | None = None,
        feature_types: Mapping[str, FeatureType] | None = None,
        *,
        task: Literal["classification", "regression"] = "classification",
        max_features: int = 500,
    ) -> None:
        self._fields = dict(fields or {})
        self._map = FieldMap({"features": REST, **self._fields})
        self._types = dict(feature_types or {})
        self._task, self._max_features = task, max_features
        target: FeatureType = "numeric" if task == "regression" else "categorical"
        self._targets = {"prediction": Column(target), "label": Column(target), "score": Column("numeric")}
        self.features: dict[str, Column] = {}
        self.rows = 0
        self.rejected: Counter[Reason] = Counter()
        #: The message for the first rejected record of each reason.
        self.details: dict[Reason, str] = {}
        self._columns: dict[str, None] = {}
        self._found: set[str] = set()
        self._first_ts, self._last_ts = math.nan, -math.inf
        #: Rows without a readable time, and rows with a time before that of an earlier row.
        self.untimed = self.disordered = 0

    def add(self, records: Iterable[Record]) -> None:
        """Add the next records.

        Raises:
            ConfigError: The data has more than ``max_features`` features.
        """
        rows = [row for record in records if (row := self._read(record))]
        for is_text, group in groupby(rows, key=lambda row: row.is_text):
            self._add(list(group), is_text)

    @property
    def has_times(self) -> bool:
        """True if any row has a time, or ``fields`` names a column of times."""
        return "ts" in self._fields or self.untimed < self.rows

    @property
    def unmapped_fields(self) -> list[str]:
        """The columns that are not features only because they have the name of a field of an event."""
        mapped = {name for name in self._fields if not name.startswith("feature:")} | set(self._fields.values())
        return [name for name in self._columns if name in NATIVE_FIELDS and name not in mapped]

    @property
    def is_series(self) -> bool:
        """True if all rows so far arrived in order of time."""
        return self.rows > 0 and not self.untimed and not self.disordered

    def profile(self, files: Sequence[str], content: str) -> Profile:
        """Return the profile.

        Args:
            files: The names of the files of training data.
            content: The hash of their content, see `content_hash`.

        Raises:
            ConfigError: No row could be read, no column is a feature, or a flag names a column that does not exist.
        """
        self._check()
        return Profile(
            made_by=f"stream-monitor {__version__}",
            files=list(files),
            hash=content,
            rows=self.rows,
            task=self._task,
            fields=self._fields,
            rate=self._rate(),
            score=self._target("score"),
            prediction=self._target("prediction"),
            label=self._target("label"),
            features={name: column.profile(self.rows, self.is_series) for name, column in self.features.items()},
        )

    def _read(self, record: Record) -> Row | None:
        try:
            row = read_row(record, self._map)
        except RecordError as error:
            self.rejected[error.reason] += 1
            self.details.setdefault(error.reason, str(error))
            return None
        if not self._columns:
            self._columns = dict.fromkeys(record.value if isinstance(record.value, dict) else row.fields)
        return row

    def _add(self, rows: Sequence[Row], is_text: bool) -> None:
        self.rows += len(rows)
        times = self._take_times([row.fields.get("ts") for row in rows])
        features = [row.features for row in rows]
        self._admit(features)
        for name, column in self.features.items():
            values = [row.get(name) for row in features]
            column.missing.add(values)
            read = cells(values) if is_text else values
            column.add(read, self.is_series)
            column.times.add(times, read)
        self._take_targets(rows, times, is_text)

    def _admit(self, features: Sequence[Mapping[str, Any]]) -> None:
        for name in dict.fromkeys(chain.from_iterable(features)):
            if name in self.features:
                continue
            if len(self.features) >= self._max_features:
                raise ConfigError(f"--max-features: the data has more than {self._max_features:,} features")
            self.features[name] = Column(self._types.get(name))

    def _take_times(self, times: Sequence[Any]) -> list[float]:
        """Take the times of the next rows; return them in seconds, NaN where they can't be read."""
        found: list[float] = []
        for value in times:
            try:
                ts = parse_timestamp(value)
            except (ValueError, OverflowError):
                self.untimed += 1
                found.append(math.nan)
                continue
            found.append(ts)
            if math.isnan(self._first_ts):
                self._first_ts = ts
            self.disordered += ts < self._last_ts
            self._last_ts = max(ts, self._last_ts)
        return found

    def _take_targets(self, rows: Sequence[Row], times: Sequence[float], is_text: bool) -> None:
        self._found |= {name for name in self._fields if any(row.fields.get(name) is not None for row in rows)}
        predictions = [row.fields.get("prediction") for row in rows]
        for name, column in self._targets.items():
            values: Sequence[Any] = [row.fields.get(name) for row in rows]
            if name == "score":
                values = scores(values, predictions)
            values = cells(values) if is_text else values
            if self._task == "classification" and name != "score":
                values = classes(values)
            column.add(values, self.is_series)
            column.times.add(times, values)

    def _target(self, name: str) -> ColumnProfile | None:
        column = self._targets[name]
        return column.profile(self.rows, self.is_series) if column.type else None

    def _rate(self) -> float | None:
        span = self._last_ts - self._first_ts
        return (self.rows - 1) / span if self.is_series and span > 0 else None

    def _check(self) -> None:
        """Raise a `ConfigError` if there is no row or no feature, or if a flag names a column that does not exist."""
        if not self.rows:
            why = next(iter(self.details.values()), "")
            raise ConfigError(f"no row could be read: {why}" if why else "there is no row")
        if not self.features:
            raise ConfigError("there is no feature: every column is a field of an event")
        columns = ", ".join(map(repr, [*self._columns][:_MAX_LISTED]))
        for name, path in self._fields.items():
            is_found = name in self._found or name.removeprefix("feature:") in self.features
            if not is_found and path[0] != "@" and not name.startswith("group:"):
                raise ConfigError(f"--field: no row has a value at {path!r} for {name}; there are {columns}")
        for name, given in self._types.items():
            if name not in self.features:
                raise ConfigError(f"--feature-type: no row has a feature {name!r}; there are {columns}")
            if self.features[name].type is None and self.features[name].text:
                raise ConfigError(f"--feature-type: {name!r} is to be {given}, but no row has a number in it")


def content_hash(paths: Sequence[Path]) -> str:
    """Return the SHA-256 of the files' concatenated bytes, in hexadecimal."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            while piece := file.read(1 << 20):
                digest.update(piece)
    return digest.hexdigest()
