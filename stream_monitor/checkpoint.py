"""State, what waits, and positions in one atomic step, in RocksDB.

One key holds what is written anew each time (detectors, measures, counters, positions). Parts of it that never change
have keys of their own, and so has each id that the joiner keeps: of these, only what changed since the last one is
written. All of it goes into one synced write batch. Each value stands behind a format version and a checksum;
there is no pickle.
"""

from __future__ import annotations

import importlib.metadata
import logging
import re
import time
import zlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from operator import itemgetter
from pathlib import Path
from typing import Any, Literal, TypeVar, cast

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

from stream_monitor import faults
from stream_monitor.errors import BadState, ConfigError, StateError
from stream_monitor.lasting import Parts
from stream_monitor.tables import fitted

logger = logging.getLogger(__name__)

FORMAT = 4
_HEADER = bytes([FORMAT])
_STATE = b"state"
_DATABASE, _MARK, _ASIDE = "rocksdb", "broken", "set-aside-"
#: The database, and what the first format had in its place.
_OWN = re.compile(r"rocksdb|broken|[0-9]+\.(log|sst)|(CURRENT|IDENTITY|LOCK|LOG|MANIFEST|OPTIONS)([-.].*)?")
_MIB = 1 << 20
#: Values read ahead that are kept at most.
_READ_AHEAD = 50_000
#: Detectors are saved as this library has them inside.
RIVER = importlib.metadata.version("river")

_T = TypeVar("_T")
_first = itemgetter(0)


class Checkpoint:
    """A directory that survives the process. A second process on it is refused.

    What can't be read, or was written by another version, is refused with `BadState`; or, with ``on_bad_state`` set
    to reset, it is set aside within the directory, and all begins anew.
    """

    def __init__(self, directory: Path, on_bad_state: Literal["refuse", "reset"] = "refuse") -> None:
        self._directory = directory
        self._resets = on_bad_state == "reset"
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"--state-dir: can't use {directory}: {error.strerror}") from None
        if (directory / "CURRENT").exists():
            self._set_aside(f"has format 1, this version reads {FORMAT}")
        if (directory / _MARK).exists():
            self._set_aside("is corrupt (an earlier run found that)")
        try:
            self._open()
            self.load()
        except BadState as error:
            if hasattr(self, "table"):
                self.table.close()
            self._set_aside(error.problem)
            self._open()

    def _open(self) -> None:
        self.table = DiskTable(self._directory)
        self._parts = Parts(self.table)

    def load(self) -> dict[str, Any] | None:
        """The state that was saved last, None when there is none; `BadState` when it can't be trusted."""
        sealed = self.table.get(_STATE)
        if sealed is None:
            return None
        try:
            saved = self._parts.loads(sealed)
        except LookupError:
            raise self.table.corrupt("a part of the state is missing") from None
        if saved["river"] != RIVER:
            raise BadState(self._directory, f"was written with river {saved['river']}, this is {RIVER}")
        state: dict[str, Any] = saved["state"]
        return state

    def save(self, state: Mapping[str, Any]) -> None:
        """Write the state and all that changed in the table, all or nothing; `StateError` when that fails."""
        self.table.put(_STATE, self._parts.dumps({"river": RIVER, "state": state}))
        self.table.write()

    def close(self) -> None:
        self.table.close()

    def _set_aside(self, problem: str) -> None:
        """Refuse a state, or move it out of the way."""
        if not self._resets:
            raise BadState(self._directory, problem)
        aside = self._directory / time.strftime(f"{_ASIDE}%Y%m%dT%H%M%S", time.gmtime())
        try:
            aside.mkdir()
            for path in self._directory.iterdir():
                if _OWN.fullmatch(path.name):
                    path.rename(aside / path.name)
        except OSError as error:
            raise ConfigError(f"--state-dir: can't set aside {self._directory}: {error.strerror}") from None
        logger.warning("the state in %s %s: set aside as %s", self._directory, problem, aside.name)


class DiskTable:
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
        faults.reach("checkpoint.sealed")
        try:
            self._rocksdb.write(batch, self._sync)
        except Exception as error:  # noqa: BLE001 - rocksdict raises plain Exception for everything
            if _is_damage(error):  # found while files were merged
                raise self.corrupt(_one_line(error)) from None
            raise StateError(f"--state-dir: can't write to {self._directory}: {_one_line(error)}") from None
        for key in self._changes:
            self._ahead.pop(key, None)
        self._changes.clear()
        faults.reach("checkpoint.written")

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
            (self._directory / _MARK).touch()
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
