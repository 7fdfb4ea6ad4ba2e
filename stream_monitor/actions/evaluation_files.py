"""Evaluation sets as Parquet files in a directory, with a manifest."""

from __future__ import annotations

import io
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson

from stream_monitor.actions.evaluation_manifest import (
    MANIFEST,
    WrittenSet,
    change_manifest,
    read_manifest,
    write_whole,
    written_sets,
)
from stream_monitor.core.errors import ConfigError, SinkError
from stream_monitor.core.events import Task
from stream_monitor.performance.evaluation_set import EvaluationRow, EvaluationSet
from stream_monitor.stats.reference import category_name

logger = logging.getLogger(__name__)

#: Sets of a directory; above it the oldest is deleted.
MAX_SETS = 400
#: The newest sets that are shown.
MAX_SHOWN = 12
#: Classes of a set in the manifest, the most frequent ones.
MAX_CLASSES = 100
#: Characters of a model's name in the name of a file.
_MAX_NAME = 100


class EvaluationFiles:
    """Writes sets into a directory: each file, and the manifest, appears whole or not at all.

    A set that is written again has the same name and the same content.

    Args:
        directory: The directory; it is made with the first set.
        task: The kind of model; a regression has no classes.

    Raises:
        ConfigError: pyarrow is not installed.
    """

    def __init__(self, directory: Path, task: Task = "classification") -> None:
        try:
            import pyarrow.parquet
        except ImportError:
            raise ConfigError(
                "--evaluation-dir: writing Parquet needs pyarrow: pip install 'stream-monitor[parquet]'"
            ) from None
        self._pyarrow, self.directory, self._task = pyarrow, directory, task
        #: The newest sets, and the file of the manifest that has them.
        self._read: tuple[tuple[int, int, int], list[WrittenSet]] | None = None

    def write(self, found: EvaluationSet) -> None:
        """Write a set, and delete the oldest ones past `MAX_SETS`.

        Raises:
            SinkError: The directory can't be written.
        """
        name = file_name(found)
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            write_whole(self.directory / name, self._parquet(found.rows))
            described = self._described(name, found)
            for old in change_manifest(self.directory, lambda manifest: _enter(manifest, described)):
                (self.directory / old).unlink(missing_ok=True)
        except (OSError, ConfigError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise SinkError(f"can't write {name} into {self.directory}: {reason}") from None

    def sets(self) -> list[WrittenSet]:
        """Return the newest sets of the directory, the newest first; none without a manifest that can be read."""
        try:
            found = (self.directory / MANIFEST).stat()
            file = found.st_ino, found.st_mtime_ns, found.st_size
            if self._read is None or self._read[0] != file:
                self._read = file, written_sets(read_manifest(self.directory), MAX_SHOWN)
            return self._read[1]
        except (OSError, ConfigError, KeyError, TypeError):  # the last two: somebody has edited it
            return []

    def paths(self, model: str) -> list[str]:
        """Return the paths of the sets of a model, the oldest first; none where the manifest can't be read."""
        try:
            sets = read_manifest(self.directory)["sets"]
        except (OSError, ConfigError):
            return []
        return [str(self.directory / each["file"]) for each in sets if each["model"] == model]

    def _described(self, name: str, found: EvaluationSet) -> dict[str, Any]:
        """Return the entry of a set in the manifest."""
        times = [row.ts for row in found.rows]
        classes = Counter(category_name(row.y_true) for row in found.rows) if self._task == "classification" else None
        return {
            "file": name,
            "model": found.key.model,
            "start": found.start,
            "end": found.end,
            "rows": len(found.rows),
            "time_range": [min(times), max(times)] if times else None,
            "classes": None if classes is None else dict(classes.most_common(MAX_CLASSES)),
            "versions": dict(sorted(Counter(row.version for row in found.rows).items())),
            "label_coverage": found.coverage,
            "sampling_share": found.share,
        }

    def _parquet(self, rows: Sequence[EvaluationRow]) -> bytes:
        """Return the rows as a Parquet file."""
        columns: dict[str, Any] = {
            "id": [row.id for row in rows],
            "ts": [row.ts for row in rows],
            "model": [row.model for row in rows],
            "version": [row.version for row in rows],
            "prediction": _column([row.y_pred for row in rows]),
            "score": self._pyarrow.array([row.score for row in rows], self._pyarrow.float64()),
            "label": _column([row.y_true for row in rows]),
            "sampling_share": [row.sampling_share for row in rows],
            "in_sample": [row.in_sample for row in rows],
        }
        for name in sorted({name for row in rows for name in row.features}):
            columns[f"features.{name}"] = _column([row.features.get(name) for row in rows])
        buffer = io.BytesIO()
        self._pyarrow.parquet.write_table(self._pyarrow.table(columns), buffer, compression="zstd")
        return buffer.getvalue()


def file_name(found: EvaluationSet) -> str:
    """Return the name of a set's file, of the model and the start of the window."""
    model, start = quote(found.key.model, safe=""), datetime.fromtimestamp(found.start, UTC)
    if len(model) > _MAX_NAME:
        model = f"{model[:_MAX_NAME]}-{blake2b(model.encode(), digest_size=6).hexdigest()}"
    return f"{model}-{start:%Y%m%dT%H%M%S}{start.microsecond // 1000:03d}Z.parquet"


def _column(values: Sequence[Any]) -> list[Any]:
    """Return values of one type, None where there is none: numbers or truth values as they are, others as text."""
    types = {type(value) for value in values if value is not None}
    if types <= {bool}:
        return list(values)
    if types <= {int, float}:
        return [None if value is None else float(value) for value in values]
    return [None if value is None else _text(value) for value in values]


def _text(value: Any) -> str:
    return category_name(value) if isinstance(value, str | int | float) else orjson.dumps(value).decode()


def _enter(manifest: dict[str, Any], described: Mapping[str, Any]) -> list[str]:
    """Enter a set into the manifest; return the files of the sets that are too many."""
    known = {each["file"]: each for each in manifest["sets"]}
    known[described["file"]] = described
    ordered = sorted(known.values(), key=lambda each: (each["start"], each["file"]))
    manifest["sets"] = ordered[-MAX_SETS:]
    return [each["file"] for each in ordered[:-MAX_SETS]]
