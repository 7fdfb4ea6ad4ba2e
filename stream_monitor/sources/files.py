"""Records from files: JSONL, CSV and Parquet, plain or compressed by gzip or zstd."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import date, datetime, timedelta
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any, Literal

import orjson
import zstandard

from stream_monitor.core.errors import ConfigError
from stream_monitor.core.records import FileRecord, Record, TextRow, TopicPartition
from stream_monitor.core.timestamps import parse_timestamp
from stream_monitor.decoding.fields import FieldMap
from stream_monitor.sources.base import AppliedOffset, BeforeCommit, Departed, Position

Format = Literal["jsonl", "csv", "parquet"]
_SUFFIXES: dict[str, Format] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".csv": "csv",
    ".tsv": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
}
_COMPRESSED = (".gz", ".zst", ".zstd")
_GZIP, _ZSTD, _PARQUET = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PAR1"
BATCH_SIZE = 2000
#: The topic that label records carry.
LABELS = "labels"
PREDICTIONS = "predictions"


def format_of(path: Path, given: Format | None = None) -> Format:
    """The format of a file: the one given, or by the file's name."""
    if given:
        return given
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() not in _COMPRESSED]
    found = _SUFFIXES.get(suffixes[-1]) if suffixes else None
    if not found:
        raise ConfigError(f"--format: can't tell the format of {path.name}; allowed: jsonl, csv, parquet")
    return found


class FileSource:
    """Reads files of predictions in the order given, and a label file beside them.

    A label file without times gives its labels first: each then meets its prediction the moment that comes. With
    times, a label comes before the first prediction that is later than it.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        labels: Path | None = None,
        *,
        file_format: Format | None = None,
        fields: Mapping[str, str] | None = None,
        label_fields: Mapping[str, str] | None = None,
    ) -> None:
        self._open = ExitStack()
        self._raw: list[IO[bytes]] = []
        self._offsets = {PREDICTIONS: 0, LABELS: 0}
        self._times = FieldMap({"ts": (fields or {}).get("ts", "ts")})
        both = {**(fields or {}), **(label_fields or {})}
        self._label_times = FieldMap({"ts": both.get("ts", "ts")})
        self.total_bytes = sum(path.stat().st_size for path in paths)
        rows = chain.from_iterable(self._records(path, format_of(path, file_format), PREDICTIONS) for path in paths)
        self._records_left: Iterator[Record] = rows
        if labels is not None:
            label_rows = self._records(labels, _label_format(labels, file_format), LABELS, counted=False)
            self._records_left = self._merge(rows, label_rows)
        self._exhausted = False
        #: Records of one poll.
        self.batch_size = BATCH_SIZE
        self.before_commit: BeforeCommit = lambda _: None
        self.departed: Departed = lambda _: None
        self.restoring: Mapping[TopicPartition, int] = {}
        self.gaps: Counter[str] = Counter()
        self.owner = ""

    def poll(self, timeout: float) -> Sequence[Record]:  # noqa: ARG002
        batch = list(islice(self._records_left, self.batch_size))
        self._exhausted = len(batch) < self.batch_size
        return batch

    @property
    def bytes_read(self) -> int:
        """How far the files of predictions were read, of ``total_bytes``."""
        return sum(raw.tell() for raw in self._raw if not raw.closed)

    @property
    def exhausted(self) -> bool:
        return self._exhausted

    def commit(self, changed: bool = False) -> None:
        """A file is read from its beginning each time."""

    def resume(self, reached: Sequence[AppliedOffset], owner: str) -> None:
        """A file is read from its beginning each time."""

    def positions(self) -> list[Position]:
        return [Position(PREDICTIONS, 0, None)]

    def close(self) -> None:
        self._open.close()

    def _records(self, path: Path, kind: Format, topic: str, counted: bool = True) -> Iterator[FileRecord]:
        try:
            raw = self._open.enter_context(path.open("rb"))
            if counted:
                self._raw.append(raw)
            for value in _READERS[kind](raw, path):
                yield FileRecord(topic, self._offsets[topic], value)
                self._offsets[topic] += 1
        except (OSError, EOFError, zlib.error, zstandard.ZstdError, csv.Error) as error:
            reason = getattr(error, "strerror", None) or str(error)
            what = "--labels: " if topic == LABELS else ""
            raise ConfigError(f"{what}can't read {path}: {reason}") from None

    def _merge(self, rows: Iterator[FileRecord], labels: Iterable[FileRecord]) -> Iterator[FileRecord]:
        timed = [(_time_of(record, self._label_times), record) for record in labels]
        first = next(rows, None)
        if first is None or _time_of(first, self._times) is None:
            timed = [(None, record) for _, record in timed]
        yield from (record for ts, record in timed if ts is None)
        later = sorted(((ts, record) for ts, record in timed if ts is not None), key=lambda pair: pair[0])
        at = 0
        for row in chain([first] if first else [], rows):
            now = _time_of(row, self._times) if at < len(later) else None
            while now is not None and at < len(later) and later[at][0] < now:
                yield later[at][1]
                at += 1
            yield row
        yield from (record for _, record in later[at:])


def _label_format(path: Path, given: Format | None) -> Format:
    """The label file's own format where its name tells it, else that of the predictions."""
    try:
        return format_of(path)
    except ConfigError:
        return format_of(path, given)


def _time_of(record: FileRecord, times: FieldMap) -> float | None:
    """The event time of a row, None where there is none that can be read: the codec then says why."""
    try:
        body = orjson.loads(record.value) if isinstance(record.value, bytes) else record.value
        return parse_timestamp(times.apply(body, record).get("ts")) if isinstance(body, dict) else None
    except (ValueError, OverflowError):
        return None


def _decompressed(raw: IO[bytes], path: Path) -> IO[bytes]:
    """The file's content, whatever its name says it is."""
    start = raw.read(4)
    raw.seek(0)
    if start.startswith(_GZIP):
        return io.BufferedReader(gzip.GzipFile(fileobj=raw))
    if start.startswith(_ZSTD):
        return io.BufferedReader(_ZstdFile(raw))
    if start.startswith(_PARQUET):
        raise ConfigError(f"{path.name} is a Parquet file; use --format parquet")
    return raw


class _ZstdFile(io.RawIOBase):
    """A zstd file of one or more frames. zstandard's own reader takes a file that breaks off for its end."""

    def __init__(self, raw: IO[bytes]) -> None:
        self._raw = raw
        self._frame = zstandard.ZstdDecompressor().decompressobj()
        self._ready, self._rest, self._begun = b"", b"", False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready:
            piece = self._rest or self._raw.read(1 << 16)
            if not piece:
                if self._begun:
                    raise EOFError("the file ends in the middle of a zstd frame")
                return 0
            self._begun = True
            self._ready, self._rest = self._frame.decompress(piece), b""
            if self._frame.eof:
                self._rest, self._begun = self._frame.unused_data, False
                self._frame = zstandard.ZstdDecompressor().decompressobj()
        size = min(len(buffer), len(self._ready))
        buffer[:size], self._ready = self._ready[:size], self._ready[size:]
        return size


def _read_jsonl(raw: IO[bytes], path: Path) -> Iterator[bytes]:
    for line in _decompressed(raw, path):
        stripped = line.removeprefix(b"\xef\xbb\xbf").strip()
        if stripped:
            yield stripped


def _read_csv(raw: IO[bytes], path: Path) -> Iterator[TextRow | bytes]:
    """Rows by the header's names; a row with more cells than the header comes out as it is, to be rejected."""
    text = io.TextIOWrapper(_decompressed(raw, path), encoding="utf-8-sig", errors="replace", newline="")
    first = text.readline()
    if not first:
        return
    # Whatever the header's names are parted by; a comma where there is only one name.
    delimiter = max(",;\t|", key=first.count)
    csv.field_size_limit(1 << 30)
    rows = csv.reader(chain([first], text), delimiter=delimiter)
    header = [name.strip() for name in next(rows)]
    for cells in rows:
        if len(cells) > len(header):
            yield ",".join(cells).encode()
        elif cells:
            padded = cells + [""] * (len(header) - len(cells))
            yield TextRow(zip(header, (cell.strip() or None for cell in padded), strict=True))


def _read_parquet(raw: IO[bytes], path: Path) -> Iterator[dict[str, Any]]:
    try:
        from pyarrow import ArrowInvalid
        from pyarrow.parquet import ParquetFile
    except ImportError:
        raise ConfigError("reading Parquet needs pyarrow: pip install 'stream-monitor[parquet]'") from None
    try:
        file = ParquetFile(raw)
    except ArrowInvalid as error:
        raise ConfigError(f"{path.name} is not a Parquet file: {error}") from None
    odd = [field.name for field in file.schema_arrow if not _is_plain(field.type)]
    for batch in map(_in_microseconds, file.iter_batches(BATCH_SIZE)):
        for row in batch.to_pylist():
            for name in odd:
                row[name] = _plain(row[name])
            yield row


def _in_microseconds(batch: Any) -> Any:
    """Times to what Python's datetime can hold; pyarrow refuses nanoseconds otherwise."""
    import pyarrow as pa

    for at, field in enumerate(batch.schema):
        timestamp, duration = pa.types.is_timestamp(field.type), pa.types.is_duration(field.type)
        if (timestamp or duration) and field.type.unit == "ns":
            kind = pa.timestamp("us", field.type.tz) if timestamp else pa.duration("us")
            batch = batch.set_column(at, field.with_type(kind), batch.column(at).cast(kind, safe=False))
    return batch


def _is_plain(kind: Any) -> bool:
    """Whether all values of a column are as JSON has them, so that none has to be looked at."""
    from pyarrow import types

    is_number = types.is_integer(kind) or types.is_float32(kind) or types.is_float64(kind)
    return bool(is_number or types.is_boolean(kind) or types.is_string(kind) or types.is_large_string(kind))


def _plain(value: Any) -> Any:
    """A value as JSON would have it; times as seconds since the epoch."""
    if isinstance(value, datetime):
        return parse_timestamp(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, date):
        return value.isoformat()
    if value is None or type(value) in (str, int, float, bool, dict, list):
        return value
    return float(value) if hasattr(value, "__float__") else str(value)


_READERS = {"jsonl": _read_jsonl, "csv": _read_csv, "parquet": _read_parquet}
