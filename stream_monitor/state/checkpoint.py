"""The checkpoint: the state, everything that waits, and the positions, written in one atomic step.

One key holds the state that is written anew each time (counters, positions). Its parts have keys of their own: the
monitors of each model version, which are written when they have changed, of their newest values those that are new;
and what never changes. So has each id that the joiner knows. A checkpoint is one synced write batch of RocksDB. Each
value is preceded by a format version and a checksum; nothing is pickled.
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
#: Names of our files: the database, the mark of a corrupt one, and the files of the first format.
_OWN = re.compile(r"rocksdb|broken|[0-9]+\.(log|sst)|(CURRENT|IDENTITY|LOCK|LOG|MANIFEST|OPTIONS)([-.].*)?")
#: The state of some detectors is river's own, and is read by the same version only.
RIVER = importlib.metadata.version("river")


class Checkpoint:
    """The state directory of one process.

    The state is read and checked as the checkpoint is opened.

    Args:
        directory: The state directory; it is made if it does not exist.
        on_bad_state: What to do with a state that is corrupt or was written by another version: refuse it, or reset,
            which moves it aside within the directory and begins without a state.

    Attributes:
        store: The key-value store that is saved with the state.

    Raises:
        BadState: The state is corrupt or was written by another version, and is refused.
        ConfigError: The directory can't be used, or another process uses it.
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
        except BadState as error:
            self._set_aside(error.problem)
            self._open()

    def _open(self) -> None:
        self.store = RocksDBStore(self._directory)
        self._parts = Parts(self.store)
        try:
            self._loaded = self._read()
        except BadState:
            self.store.close()
            raise

    def load(self) -> dict[str, Any] | None:
        """Return the state that was saved last, None when there is none.

        The state that was read at opening is returned once, and no longer kept in memory then.
        """
        loaded, self._loaded = self._loaded, None
        return self._read() if loaded is None else loaded

    def _read(self) -> dict[str, Any] | None:
        raw = self.store.get(_STATE)
        if raw is None:
            return None
        try:
            saved = self._parts.loads(raw)
        except LookupError:
            raise self.store.corrupt("a part of the state is missing") from None
        if saved["river"] != RIVER:
            raise BadState(self._directory, f"was written with river {saved['river']}, this is {RIVER}")
        state: dict[str, Any] = saved["state"]
        return state

    def save(self, state: Mapping[str, Any]) -> None:
        """Write the state and all changes of the store, in one atomic step.

        Raises:
            StateError: It can't be written; what was saved before is kept.
        """
        self._loaded = None
        self.store.put(_STATE, self._parts.dumps({"river": RIVER, "state": state}))
        self.store.write()

    def close(self) -> None:
        """Close the store, without its changes since the last save."""
        self.store.close()

    def _set_aside(self, problem: str) -> None:
        """Move the state aside, or raise `BadState` where it is to be refused."""
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
