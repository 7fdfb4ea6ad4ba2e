"""The audit log: what happened to the models and to the sidecar, in order, each once."""

from __future__ import annotations

import logging
import secrets
from collections import deque
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from stream_monitor.actions.audit_file import AuditFile, Head, find_hash, read
from stream_monitor.core.clock import Clock
from stream_monitor.core.errors import ConfigError
from stream_monitor.core.timestamps import format_timestamp

logger = logging.getLogger(__name__)

#: Events that wait to be written; above it the oldest is dropped.
MAX_PENDING = 10_000


class AuditLog:
    """Writes events to an audit file.

    Events that follow from records wait until the state is saved that has them: numbered, in the state. After a kill
    those that were written already are known by their numbers, so that each is in the file once.

    Args:
        path: The audit file.
        clock: The time of the entries.

    Raises:
        ConfigError: The file can't be used.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path, self._clock = path, clock
        try:
            self._file = AuditFile(path)
        except OSError as error:
            raise ConfigError(f"--audit-log: can't write {path}: {error.strerror}") from None
        self._state_id, self._number = secrets.token_hex(8), 0
        self._pending: deque[Mapping[str, Any]] = deque(maxlen=MAX_PENDING)
        self._known: Head | None = None

    def put(self, events: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """Append events that follow from records; nothing is written yet. Return them with their numbers."""
        entries: list[Mapping[str, Any]] = []
        for event in events:
            self._number += 1
            entries.append({**event, "state": self._state_id, "number": self._number})
        self._pending.extend(entries)
        return entries

    def hash_of(self, state: str, number: int) -> str | None:
        """Return the hash of a written event, None if it is not there; called from any thread.

        Raises:
            OSError: The file can't be read.
        """
        return find_hash(self._path, {"state": state, "number": number})

    def write(self) -> None:
        """Write what waits, now that it is saved; after an error it waits on."""
        if self._pending and self._append([*self._pending]):
            self._pending.clear()

    @property
    def written(self) -> int:
        """The number of the newest event that is written, and all before it."""
        return self._number - len(self._pending)

    def start(self, version: str, configuration: Mapping[str, Any]) -> None:
        """Write the start, after `restore`: also what is damaged, is gone, or has changed since the last start."""
        found = self._file.found
        problem = read(self._path, self._known).problem
        entries: list[dict[str, Any]] = [{"event": "start", "version": version, "configuration": dict(configuration)}]
        before = next((each["configuration"] for each in reversed(found.entries) if each["event"] == "start"), None)
        if before is not None and self._known is None:
            entries.append({"event": "reset", "reason": "there is no saved state"})
        if before is not None and (changed := _changed(before, configuration)):
            entries.append({"event": "configuration", "changed": changed})
        if problem:
            logger.error("--audit-log: %s: %s", self._path, problem)
            entries.insert(0, {"event": "damage", "problem": problem})
        self._append(entries)

    def stop(self) -> None:
        """Write the stop."""
        self._append([{"event": "stop"}])

    def _append(self, events: Iterable[Mapping[str, Any]]) -> bool:
        """Append events with the present time; return whether they are written."""
        now = format_timestamp(self._clock.now())
        try:
            self._file.append([{"time": now, **event} for event in events])
        except OSError as error:
            logger.warning("--audit-log: can't write %s: %s; it is tried again", self._path, error.strerror)
            return False
        return True

    def state(self) -> dict[str, Any]:
        return {
            "id": self._state_id,
            "number": self._number,
            "pending": list(self._pending),
            "head": list(self._file.head),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore what waits, but for events that were written before a kill."""
        self._state_id, self._number, self._known = state["id"], state["number"], Head(*state["head"])
        written = {each["number"] for each in self._file.found.entries if each.get("state") == self._state_id}
        self._pending.extend(each for each in state["pending"] if each["number"] not in written)


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that differ, each with its value before and after."""
    names = [*dict.fromkeys((*before, *after))]
    return {
        name: {"before": before.get(name), "after": after.get(name)}
        for name in names
        if before.get(name) != after.get(name)
    }
