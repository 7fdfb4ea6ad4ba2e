"""A key-value store on disk, in RocksDB; nothing else imports its client."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Sequence
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
from stream_monitor.state.key_value_store import trimmed

FORMAT = 15
_HEADER = bytes([FORMAT])
_DATABASE = "rocksdb"
#: The file that marks a directory whose database was found corrupt.
CORRUPT_MARK = "broken"
_MIB = 1 << 20
#: Values that are kept in memory ahead of their use, about.
_MAX_PREFETCHED = 50_000

_T = TypeVar("_T")
_first = itemgetter(0)


class RocksDBStore:
    """A key-value store in RocksDB; its changes are in memory until `write`.

    Every value is stored behind a byte for the format and a checksum of 4 bytes.
    """

    spills = True

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._changes: dict[bytes, bytes | None] = {}
        self._prefetched: dict[bytes, bytes | None] = {}
        self._sync = WriteOptions()
        self._sync.sync = True
        self._sync.memtable_insert_hint_per_batch = True
        self._closed = False
        self._rocksdb = _open(directory / _DATABASE)

    @property
    def unsaved(self) -> int:
        """Keys whose changes are in memory only."""
        return len(self._changes)

    def prefetch(self, keys: Iterable[bytes]) -> None:
        """Read keys from disk at once that are asked for next."""
        if len(self._prefetched) > _MAX_PREFETCHED:
            self._prefetched.clear()
        wanted = [key for key in keys if key not in self._changes and key not in self._prefetched]
        if wanted:
            values = self._guarded(lambda: cast("list[bytes | None]", self._rocksdb.get(cast("list[Any]", wanted))))
            self._prefetched.update(zip(wanted, values, strict=True))

    def get(self, key: bytes) -> bytes | None:
        """Return the value of a key, None when there is none.

        Raises:
            BadState: The value is corrupt or has another format.
            StateError: The disk can't be read.
        """
        if key in self._changes:
            return self._changes[key]
        if key in self._prefetched:
            sealed = self._prefetched[key]
        else:
            sealed = self._guarded(lambda: cast("bytes | None", self._rocksdb.get(key)))
        return None if sealed is None else self._unseal(sealed)

    def get_all(self, keys: Sequence[bytes]) -> list[bytes]:
        """Return the values of keys, all of which are there; they are read from disk at once.

        Raises:
            BadState: A value is corrupt or missing, or has another format.
            StateError: The disk can't be read.
        """
        values: dict[bytes, bytes | None] = {key: self._changes[key] for key in keys if key in self._changes}
        saved = [key for key in keys if key not in values]
        if saved:
            read = self._guarded(lambda: cast("list[bytes | None]", self._rocksdb.get(cast("list[Any]", saved))))
            values.update((key, sealed and self._unseal(sealed)) for key, sealed in zip(saved, read, strict=True))
        found = [value for key in keys if (value := values[key]) is not None]
        if len(found) < len(keys):
            raise self.corrupt("a value is missing")
        return found

    def put(self, key: bytes, value: bytes) -> None:
        """Set the value of a key."""
        self._changes[key] = trimmed(value)

    def delete(self, key: bytes) -> None:
        """Delete a key, if it is there."""
        self._changes[key] = None

    def scan(self, start: bytes, end: bytes, limit: int) -> list[tuple[bytes, bytes]]:
        """Return the first ``limit`` items in order of their keys, from ``start`` to ``end``, exclusive."""
        changed = {key: value for key, value in self._changes.items() if start <= key < end}

        def read() -> list[tuple[bytes, bytes]]:
            saved = self._rocksdb.iter()
            rows: list[tuple[bytes, bytes]] = []
            saved.seek(start)
            # As many of these rows may be deleted or replaced as there are changes.
            while saved.valid() and len(rows) < limit + len(changed) and (key := cast("bytes", saved.key())) < end:
                rows.append((key, cast("bytes", saved.value())))
                saved.next()
            saved.status()  # raises when a corrupt block ended the iteration
            return [(key, self._unseal(sealed)) for key, sealed in rows if key not in changed]

        rows = self._guarded(read) + [(key, value) for key, value in changed.items() if value is not None]
        return sorted(rows)[:limit]

    def write(self) -> None:
        """Write all changes in one atomic step, which is on disk when this returns.

        Raises:
            StateError: The disk can't be written; the changes are kept.
            BadState: A file of the database is corrupt.
        """
        batch = WriteBatch(raw_mode=True)
        put, delete = batch.put, batch.delete
        # Sorted, so that each key is inserted next to the one before.
        for key, value in sorted(self._changes.items(), key=_first):
            if value is None:
                delete(key)
            else:
                put(key, b"%b%b%b" % (_HEADER, zlib.crc32(value).to_bytes(4, "big"), value))
        failpoints.hit("checkpoint.sealed")
        try:
            self._rocksdb.write(batch, self._sync)
        except Exception as error:  # noqa: BLE001 - rocksdict raises plain Exception for everything
            if _is_corruption(error):  # found by a compaction
                raise self.corrupt(_one_line(error)) from None
            raise StateError(f"--state-dir: can't write to {self._directory}: {_one_line(error)}") from None
        for key in self._changes:
            self._prefetched.pop(key, None)
        self._changes.clear()
        failpoints.hit("checkpoint.written")

    def close(self) -> None:
        """Close the database; changes that were not written are lost."""
        if not self._closed:
            self._closed = True
            with suppress(Exception):  # fails after a failed write as well; what was written is safe
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
            if _is_corruption(error):
                raise self.corrupt(_one_line(error)) from None
            raise StateError(f"--state-dir: can't read {self._directory}: {_one_line(error)}") from None

    def corrupt(self, detail: str) -> BadState:
        """Mark the directory as corrupt for the next start; return the error to raise."""
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
        if _is_corruption(error):
            raise BadState(path.parent, f"is corrupt ({text})") from None
        if "lock file" in text.lower() or "lock hold" in text.lower():
            raise ConfigError(f"--state-dir: {path.parent} is in use by another process") from None
        raise ConfigError(f"--state-dir: can't open {path.parent}: {text}") from None


def _options() -> Options:
    """Return options with small buffers, and with Bloom filters for the many lookups of ids that are new."""
    options = Options(raw_mode=True)
    options.create_if_missing(True)
    options.set_write_buffer_size(16 * _MIB)
    options.set_max_write_buffer_number(4)
    options.set_memtable_whole_key_filtering(True)
    options.set_memtable_prefix_bloom_ratio(0.1)
    options.set_compression_type(DBCompressionType.none())
    # A sync must not wait for much that others have written.
    options.set_bytes_per_sync(_MIB)
    options.set_wal_bytes_per_sync(_MIB)
    # A process that was killed may leave an incomplete batch at the log's end; any other damage is an error.
    options.set_wal_recovery_mode(DBRecoveryMode.tolerate_corrupted_tail_records())
    options.set_max_background_jobs(2)
    options.set_keep_log_file_num(2)
    blocks = BlockBasedOptions()
    blocks.set_bloom_filter(10, False)
    blocks.set_block_cache(Cache(8 * _MIB))
    blocks.set_format_version(5)
    options.set_block_based_table_factory(blocks)
    return options


def _is_corruption(error: Exception) -> bool:
    """Return whether the data on disk are corrupt, rather than out of reach: a full disk is an IO error, too."""
    text = str(error)
    return (
        not text.startswith("IO error") and any(word in text for word in ("Corruption", "checksum", "Invalid"))
    ) or ("No such file" in text)


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300]
