"""Formats of files: JSONL, CSV and Parquet, plain or compressed by gzip or zstd."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import IO, Any, Literal

from stream_monitor.core.errors import ConfigError
from stream_monitor.core.records import TextRow
from stream_monitor.core.timestamps import parse_timestamp

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
#: Rows of a Parquet file that are converted at once.
_ROWS_AT_ONCE = 2000


def format_of(path: Path, given: Format | None = None) -> Format:
    """Return the format of a file: the given one, or that which its name says; `ConfigError` where it says none."""
    if given:
        return given
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() not in _COMPRESSED]
    found = _SUFFIXES.get(suffixes[-1]) if suffixes else None
    if not found:
        raise ConfigError(f"--format: can't tell the format of {path.name}; allowed: jsonl, csv, parquet")
    return found


def read_file(raw: IO[bytes], path: Path, file_format: Format) -> Iterator[bytes | dict[str, Any]]:
    """Yield the bodies of a file's records: lines of JSON as bytes, rows of a table as mappings.

    Raises:
        OSError: The file can't be read, or is damaged.
        ConfigError: It is not of this format.
    """
    try:
        yield from _READERS[file_format](raw, path)
    except (EOFError, zlib.error, csv.Error) as error:
        raise OSError(str(error)) from error


def _decompressed(raw: IO[bytes], path: Path) -> IO[bytes]:
    """Return the file's content, decompressed where its first bytes are those of a compression."""
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
    """A zstd file of one or more frames. zstandard's own reader takes a truncated file for a whole one."""

    def __init__(self, raw: IO[bytes]) -> None:
        import zstandard  # 30 ms, which every start would pay

        self._raw, self._zstandard = raw, zstandard
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
            self._decompress(piece)
        size = min(len(buffer), len(self._ready))
        buffer[:size], self._ready = self._ready[:size], self._ready[size:]
        return size

    def _decompress(self, piece: bytes) -> None:
        try:
            self._ready, self._rest = self._frame.decompress(piece), b""
        except self._zstandard.ZstdError as error:
            raise OSError(str(error)) from error
        if self._frame.eof:
            self._rest, self._begun = self._frame.unused_data, False
            self._frame = self._zstandard.ZstdDecompressor().decompressobj()


def _read_jsonl(raw: IO[bytes], path: Path) -> Iterator[bytes]:
    for line in _decompressed(raw, path):
        stripped = line.removeprefix(b"\xef\xbb\xbf").strip()
        if stripped:
            yield stripped


def _read_csv(raw: IO[bytes], path: Path) -> Iterator[TextRow | bytes]:
    """Yield rows by the header's names; a row with more cells than the header as bytes, which decoding rejects."""
    text = io.TextIOWrapper(_decompressed(raw, path), encoding="utf-8-sig", errors="replace", newline="")
    first = text.readline()
    if not first:
        return
    # The separator that the header has most of; a comma where it has one name only.
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
    for batch in map(_in_microseconds, file.iter_batches(_ROWS_AT_ONCE)):
        for row in batch.to_pylist():
            for name in odd:
                row[name] = _plain(row[name])
            yield row


def _in_microseconds(batch: Any) -> Any:
    """Return the batch with nanoseconds as microseconds: Python's datetime, and so pyarrow, takes no others."""
    import pyarrow as pa

    for at, field in enumerate(batch.schema):
        timestamp, duration = pa.types.is_timestamp(field.type), pa.types.is_duration(field.type)
        if (timestamp or duration) and field.type.unit == "ns":
            kind = pa.timestamp("us", field.type.tz) if timestamp else pa.duration("us")
            batch = batch.set_column(at, field.with_type(kind), batch.column(at).cast(kind, safe=False))
    return batch


def _is_plain(kind: Any) -> bool:
    """Return True for a column type whose values are all types of JSON and need no conversion."""
    from pyarrow import types

    is_number = types.is_integer(kind) or types.is_float32(kind) or types.is_float64(kind)
    return bool(is_number or types.is_boolean(kind) or types.is_string(kind) or types.is_large_string(kind))


def _plain(value: Any) -> Any:
    """Return a value as a type of JSON; times as seconds since the epoch."""
    if isinstance(value, datetime):
        return parse_timestamp(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, date):
        return value.isoformat()
    if value is None or type(value) in (str, int, float, bool, dict, list):
        return value
    return float(value) if hasattr(value, "__float__") else str(value)


_READERS: dict[Format, Callable[[IO[bytes], Path], Iterator[Any]]] = {
    "jsonl": _read_jsonl,
    "csv": _read_csv,
    "parquet": _read_parquet,
}
