"""Reads of the state from other threads, while the loop changes it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import Any, TypeVar

from stream_monitor.core.errors import StateError

_T = TypeVar("_T")

#: Seconds that a reader waits for the loop.
MAX_WAIT = 1.0


class SnapshotReads:
    """Reads of a saved state: a counter that was read must not fall when the process is killed.

    ``lock`` is held while a batch is applied. The loop sets ``is_saved``, saves when readers ``are_waiting``, and
    then calls `serve` before it goes on.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.is_saved = True
        self._closed = False
        self._waiting: deque[tuple[Callable[[], Any], Future[Any]]] = deque()

    def read(self, look: Callable[[], _T]) -> _T:
        """Return the result of ``look``, called once the state is saved; called from any thread.

        Where the loop does not serve within `MAX_WAIT` seconds, ``look`` sees the state as it is.

        Raises:
            StateError: The loop has ended.
        """
        with self.lock:
            if self.is_saved and not self._closed:
                return look()
        future: Future[_T] = Future()
        self._waiting.append((look, future))
        try:
            return future.result(MAX_WAIT)
        except FutureTimeoutError:
            if not future.cancel():
                # The loop is serving it just now.
                return future.result()
        with self.lock:
            if self._closed:
                raise StateError("the loop has ended")
            return look()

    def close(self) -> None:
        """Refuse all further reads: the loop has ended, maybe in the middle of a batch."""
        with self.lock:
            self._closed = True

    @property
    def are_waiting(self) -> bool:
        """True while readers wait to be served."""
        return bool(self._waiting)

    def serve(self) -> None:
        """Read for all that wait, on the loop's own thread."""
        while self._waiting and self.is_saved:
            look, future = self._waiting.popleft()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(look())
            except Exception as error:  # noqa: BLE001 - it is the reader's
                future.set_exception(error)
