"""A key-value store on disk, in RocksDB. The only place that knows it."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from operator import itemgetter
from pathlib import Path
from typing import Any, TypeVar, cast

from rocksdict import (
    BlockBasedOptions,
    Cache,
    DBCompressionType,
    DBRecoveryMode,
    Options,
    Rdict,
    WriteBatch,
    WriteOptions,
)

from stream_monitor.core import failpoints
from stream_monitor.core.errors import BadState, ConfigError, StateError
from stream_monitor.state.key_value_store import fitted

FORMAT = 5
_HEADER = bytes([FORMAT])
_DATABASE = "rocksdb"
#: The file that marks a directory whose database was found corrupt.
CORRUPT_MARK = "broken"
_MIB = 1 << 20
#: Values read ahead that are kept at most.
_READ_AHEAD = 50_000

_T = TypeVar("_T")
_first = itemgetter(0)


class RocksDBStore:
    """A table in RocksDB. What changes is in memory until `write`."""

    spills = True

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._changes: dict[bytes, bytes | None] = {}
        self._ahead: dict[bytes, bytes | None] = {}
        self._sync = WriteOptions()
        self._sync.sync = True
        self._sync.memtable_insert_hint_per_batch = True
        self._closed = False
        self._rocksdb = _open(directory / _DATABASE)

    @property
    def unsaved(self) -> int:
        """Changes that are in memory only."""
        return len(self._changes)

    def prefetch(self, keys: Iterable[bytes]) -> None:
        if len(self._ahead) > _READ_AHEAD:
            self._ahead.clear()
        wanted = [key for key in keys if key not in self._changes and key not in self._ahead]
        if wanted:
            values = self._guarded(lambda: cast("list[bytes | None]", self._rocksdb.get(cast("list[Any]", wanted))))
            self._ahead.update(zip(wanted, values, strict=True))

    def get(self, key: bytes) -> bytes | None:
        if key in self._changes:
            return self._changes[key]
        if key in self._ahead:
            sealed = self._ahead[key]
        else:
            sealed = self._guarded(lambda: cast("bytes | None", self._rocksdb.get(key)))
        return None if sealed is None else self._unseal(sealed)

    def put(self, key: bytes, value: bytes) -> None:
        self._changes[key] = fitted(value)

    def delete(self, key: bytes) -> None:
        self._changes[key] = None

    def scan(self, start: bytes, end: bytes, limit: int) -> list[tuple[bytes, bytes]]:
        """Of both, what was saved and what was not."""
        changed = {key: value for key, value in self._changes.items() if start <= key < end}

        def read() -> list[tuple[bytes, bytes]]:
            saved = self._rocksdb.iter()
            rows: list[tuple[bytes, bytes]] = []
            saved.seek(start)
            # Among these may be as many that are deleted or replaced by now as there are changes.
            while saved.valid() and len(rows) < limit + len(changed) and (key := cast("bytes", saved.key())) < end:
                rows.append((key, cast("bytes", saved.value())))
                saved.next()
            saved.status()  # raises where a damaged block was the end
            return [(key, self._unseal(sealed)) for key, sealed in rows if key not in changed]

        rows = self._guarded(read) + [(key, value) for key, value in changed.items() if value is not None]
        return sorted(rows)[:limit]

    def write(self) -> None:
        """Save all changes in one step that is on disk when this returns; `StateError` when it can't be."""
        batch = WriteBatch(raw_mode=True)
        put, delete = batch.put, batch.delete
        # In order of keys: each is then inserted beside the one before.
        for key, value in sorted(self._changes.items(), key=_first):
            if value is None:
                delete(key)
            else:
                put(key, b"%b%b%b" % (_HEADER, zlib.crc32(value).to_bytes(4, "big"), value))
        failpoints.hit("checkpoint.sealed")
        try:
            self._rocksdb.write(batch, self._sync)
        except Exception as error:  # noqa: BLE001 - rocksdict raises plain Exception for everything
            if _is_damage(error):  # found while files were merged
                raise self.corrupt(_one_line(error)) from None
            raise StateError(f"--state-dir: can't write to {self._directory}: {_one_line(error)}") from None
        for key in self._changes:
            self._ahead.pop(key, None)
        self._changes.clear()
        failpoints.hit("checkpoint.written")

    def close(self) -> None:
        """Forget what was not written."""
        if not self._closed:
            self._closed = True
            with suppress(Exception):  # after a failed write it fails too; what was saved is safe
                self._rocksdb.close()

    def _unseal(self, sealed: bytes) -> bytes:
        if sealed[:1] != _HEADER:
            raise BadState(self._directory, f"has format {sealed[0]}, this version reads {FORMAT}")
        body = sealed[5:]
        if zlib.crc32(body).to_bytes(4, "big") != sealed[1:5]:
            raise self.corrupt("a checksum does not hold")
        return body

    def _guarded(self, read: Callable[[], _T]) -> _T:
        try:
            return read()
        except BadState:
            raise
        except Exception as error:  # noqa: BLE001 - as above
            if _is_damage(error):
                raise self.corrupt(_one_line(error)) from None
            raise StateError(f"--state-dir: can't read {self._directory}: {_one_line(error)}") from None

    def corrupt(self, detail: str) -> BadState:
        """Something can't be read: said at once, and again at the next start."""
        with suppress(OSError):
            (self._directory / CORRUPT_MARK).touch()
        return BadState(self._directory, f"is corrupt ({detail})")


def _open(path: Path) -> Rdict:
    options = _options()
    try:
        # Without column_families an existing database is opened with other options than these.
        return Rdict(str(path), options, column_families={"default": options})
    except Exception as error:  # noqa: BLE001 - as above
        text = _one_line(error)
        if _is_damage(error):
            raise BadState(path.parent, f"is corrupt ({text})") from None
        if "lock file" in text.lower() or "lock hold" in text.lower():
            raise ConfigError(f"--state-dir: {path.parent} is in use by another process") from None
        raise ConfigError(f"--state-dir: can't open {path.parent}: {text}") from None


def _options() -> Options:
    """Small buffers, and filters that spare most of the searches for ids that are new."""
    options = Options(raw_mode=True)
    options.create_if_missing(True)
    options.set_write_buffer_size(16 * _MIB)
    options.set_max_write_buffer_number(4)
    options.set_memtable_whole_key_filtering(True)
    options.set_memtable_prefix_bloom_ratio(0.1)
    options.set_compression_type(DBCompressionType.none())
    # A sync must not find much of somebody else's to write.
    options.set_bytes_per_sync(_MIB)
    options.set_wal_bytes_per_sync(_MIB)
    # A log that ends in the middle of a batch is that of a process that was killed; other damage is told.
    options.set_wal_recovery_mode(DBRecoveryMode.tolerate_corrupted_tail_records())
    options.set_max_background_jobs(2)
    options.set_keep_log_file_num(2)
    table = BlockBasedOptions()
    table.set_bloom_filter(10, False)
    table.set_block_cache(Cache(8 * _MIB))
    table.set_format_version(5)
    options.set_block_based_table_factory(table)
    return options


def _is_damage(error: Exception) -> bool:
    """Whether what is on disk is wrong, rather than out of reach: a full disk says IO error, too."""
    text = str(error)
    return (
        not text.startswith("IO error") and any(word in text for word in ("Corruption", "checksum", "Invalid"))
    ) or ("No such file" in text)


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300]
