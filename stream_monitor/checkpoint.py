"""State and positions in one atomic step, in RocksDB.

One key holds everything that is written anew each time (detectors, measures, counters, positions); each waiting id
has a key of its own, so that only what changed since the last checkpoint is written. All of it goes into one synced
write batch. Values are JSON behind a format version and a checksum; there is no pickle.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

import orjson
from rocksdict import Options, Rdict, WriteBatch, WriteOptions

from stream_monitor.errors import ConfigError

FORMAT = 1
_STATE = b"state"
_TABLE = b"t:"


class Checkpoint:
    """A directory that survives the process. A second process on it is refused."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        try:
            directory.mkdir(parents=True, exist_ok=True)
            options = Options(raw_mode=True)
            options.create_if_missing(True)
            self._rocksdb = Rdict(str(directory), options)
        except OSError as error:
            raise ConfigError(f"--state-dir: can't use {directory}: {error.strerror}") from None
        except Exception as error:  # noqa: BLE001 - rocksdict raises plain Exception for everything
            if "lock" in str(error).lower():
                raise ConfigError(f"--state-dir: {directory} is in use by another process") from None
            raise ConfigError(f"--state-dir: can't open {directory}: {' '.join(str(error).split())}") from None
        self._sync = WriteOptions()
        self._sync.sync = True

    def save(self, state: Mapping[str, Any], table_changes: Mapping[str, Any]) -> None:
        """Write the state, and put or (None) delete entries of the table, all or nothing."""
        batch = WriteBatch(raw_mode=True)
        batch.put(_STATE, _seal(state))
        for key, value in table_changes.items():
            if value is None:
                batch.delete(_TABLE + key.encode())
            else:
                batch.put(_TABLE + key.encode(), _seal(value))
        self._rocksdb.write(batch, self._sync)

    def load(self) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """The state and the table, None when nothing was saved yet; `ConfigError` when they can't be trusted."""
        sealed = cast("bytes | None", self._rocksdb.get(_STATE))
        if sealed is None:
            return None
        table = {
            key[len(_TABLE) :].decode(): self._unseal(value)
            for key, value in cast("Iterable[tuple[bytes, bytes]]", self._rocksdb.items())
            if key.startswith(_TABLE)
        }
        return self._unseal(sealed), table

    def close(self) -> None:
        self._rocksdb.close()

    def _unseal(self, sealed: bytes) -> Any:
        version, checksum, body = sealed[0], sealed[1:5], sealed[5:]
        if version != FORMAT:
            found = f"has format {version}, this version reads {FORMAT}"
            raise ConfigError(f"--state-dir: {self._directory} {found}; use another directory")
        if zlib.crc32(body).to_bytes(4, "big") != checksum:
            raise ConfigError(f"--state-dir: {self._directory} is corrupt (checksum); use another directory")
        return orjson.loads(body)


def _seal(value: Any) -> bytes:
    body = orjson.dumps(value, default=list)  # named tuples
    return bytes([FORMAT]) + zlib.crc32(body).to_bytes(4, "big") + body
