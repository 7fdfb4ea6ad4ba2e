"""Those who read the state from other threads, while the loop changes it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import Any, TypeVar

from stream_monitor.core.errors import StateError

_T = TypeVar("_T")

#: Seconds that a reader waits for the loop to come round.
PATIENCE = 1.0


class SnapshotReads:
    """Shows a state that is saved: a counter that was seen must not fall when the process is killed.

    ``lock`` is held while a batch is applied. The loop sets ``is_saved``, saves when readers ``are_waiting``, and
    then lets them read with `serve`, before it goes on.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.is_saved = True
        self._closed = False
        self._waiting: deque[tuple[Callable[[], Any], Future[Any]]] = deque()

    def read(self, look: Callable[[], _T]) -> _T:
        """Look at the state once it is saved; a loop that does not come round is not waited for.

        `StateError` when the loop has ended.
        """
        with self.lock:
            if self.is_saved and not self._closed:
                return look()
        future: Future[_T] = Future()
        self._waiting.append((look, future))
        try:
            return future.result(PATIENCE)
        except FutureTimeoutError:
            if not future.cancel():
                return future.result()
        with self.lock:
            if self._closed:
                raise StateError("the loop has ended")
            return look()

    def close(self) -> None:
        """The loop has ended, maybe in the middle of a batch: nobody reads any more."""
        with self.lock:
            self._closed = True

    @property
    def are_waiting(self) -> bool:
        return bool(self._waiting)

    def serve(self) -> None:
        """Let all that wait read now, on the loop's own thread."""
        while self._waiting and self.is_saved:
            look, future = self._waiting.popleft()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(look())
            except Exception as error:  # noqa: BLE001 - it is the reader's
                future.set_exception(error)
