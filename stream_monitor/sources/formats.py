"""Formats of files: JSONL, CSV and Parquet, plain or compressed by gzip or zstd."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any, Literal

from stream_monitor.core.errors import ConfigError
from stream_monitor.core.records import Body, TextRow
from stream_monitor.core.table import TableRows
from stream_monitor.decoding.cells import TextColumn
from stream_monitor.sources.arrow_columns import columns_of

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
#: Records of one block.
BLOCK_SIZE = 2000


def format_of(path: Path, given: Format | None = None) -> Format:
    """Return the format of a file: the given one, or that which its name says; `ConfigError` where it says none."""
    if given:
        return given
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() not in _COMPRESSED]
    found = _SUFFIXES.get(suffixes[-1]) if suffixes else None
    if not found:
        raise ConfigError(f"--format: can't tell the format of {path.name}; allowed: jsonl, csv, parquet")
    return found


def read_file(raw: IO[bytes], path: Path, file_format: Format) -> Iterator[Sequence[Body]]:
    """Yield the bodies of a file's records in blocks: lines of JSON as bytes, rows of a table as mappings.

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


def _read_jsonl(raw: IO[bytes], path: Path) -> Iterator[Sequence[bytes]]:
    stripped = (line.removeprefix(b"\xef\xbb\xbf").strip() for line in _decompressed(raw, path))
    lines = filter(None, stripped)
    while block := list(islice(lines, BLOCK_SIZE)):
        yield block


def _read_csv(raw: IO[bytes], path: Path) -> Iterator[TableRows]:
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
    lines = filter(None, rows)
    while block := list(islice(lines, BLOCK_SIZE)):
        yield _text_rows(header, block)


def _text_rows(header: Sequence[str], lines: list[list[str]]) -> TableRows:
    """Return rows of text by the header's names."""
    odd: dict[int, Body] = {}
    width = len(header)
    if set(map(len, lines)) != {width}:
        for at, cells in enumerate(lines):
            if len(cells) > width:
                odd[at], lines[at] = ",".join(cells).encode(), [""] * width
            else:
                cells += [""] * (width - len(cells))
    columns = {name: TextColumn(cells) for name, cells in zip(header, zip(*lines, strict=True), strict=True)}
    return TableRows(TextRow, columns, len(lines), odd)


def _read_parquet(raw: IO[bytes], path: Path) -> Iterator[TableRows]:
    try:
        from pyarrow import ArrowInvalid
        from pyarrow.parquet import ParquetFile
    except ImportError:
        raise ConfigError("reading Parquet needs pyarrow: pip install 'stream-monitor[parquet]'") from None
    try:
        file = ParquetFile(raw)
    except ArrowInvalid as error:
        raise ConfigError(f"{path.name} is not a Parquet file: {error}") from None
    for batch in file.iter_batches(BLOCK_SIZE, use_threads=False):
        yield TableRows(dict, columns_of(batch), batch.num_rows)


_READERS: dict[Format, Callable[[IO[bytes], Path], Iterator[Any]]] = {
    "jsonl": _read_jsonl,
    "csv": _read_csv,
    "parquet": _read_parquet,
}
