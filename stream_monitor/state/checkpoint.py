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
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from stream_monitor.core.errors import BadState, ConfigError
from stream_monitor.state.parts import Parts
from stream_monitor.state.rocksdb import CORRUPT_MARK, FORMAT, RocksDBStore

logger = logging.getLogger(__name__)

_STATE = b"state"
_ASIDE = "set-aside-"
#: The database, and what the first format had in its place.
_OWN = re.compile(r"rocksdb|broken|[0-9]+\.(log|sst)|(CURRENT|IDENTITY|LOCK|LOG|MANIFEST|OPTIONS)([-.].*)?")
#: Detectors are saved as this library has them inside.
RIVER = importlib.metadata.version("river")


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
        if (directory / CORRUPT_MARK).exists():
            self._set_aside("is corrupt (an earlier run found that)")
        try:
            self._open()
            self.load()
        except BadState as error:
            if hasattr(self, "store"):
                self.store.close()
            self._set_aside(error.problem)
            self._open()

    def _open(self) -> None:
        self.store = RocksDBStore(self._directory)
        self._parts = Parts(self.store)

    def load(self) -> dict[str, Any] | None:
        """The state that was saved last, None when there is none; `BadState` when it can't be trusted."""
        sealed = self.store.get(_STATE)
        if sealed is None:
            return None
        try:
            saved = self._parts.loads(sealed)
        except LookupError:
            raise self.store.corrupt("a part of the state is missing") from None
        if saved["river"] != RIVER:
            raise BadState(self._directory, f"was written with river {saved['river']}, this is {RIVER}")
        state: dict[str, Any] = saved["state"]
        return state

    def save(self, state: Mapping[str, Any]) -> None:
        """Write the state and all that changed in the table, all or nothing; `StateError` when that fails."""
        self.store.put(_STATE, self._parts.dumps({"river": RIVER, "state": state}))
        self.store.write()

    def close(self) -> None:
        self.store.close()

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
