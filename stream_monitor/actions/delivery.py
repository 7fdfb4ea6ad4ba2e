"""One attempt to deliver notices to a remote sink, in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Protocol

from stream_monitor.actions.base import Sink
from stream_monitor.actions.notice import Notice
from stream_monitor.core.errors import SinkError


class RemoteSink(Sink, Protocol):
    """A sink that may take its time; its methods are called by one thread at a time."""

    def close(self) -> None:
        """Release everything."""
        ...


class Delivery:
    """Begins to deliver notices, in order, up to the first that fails.

    Args:
        sink: The sink.
        notices: The notices.

    Attributes:
        delivered: The number of notices that were delivered.
        error: The error of the notice that was not; empty without one.
    """

    def __init__(self, sink: RemoteSink, notices: Sequence[Notice]) -> None:
        self.notices, self._sink = notices, sink
        self.delivered, self.error = 0, ""
        self._is_stopped = False
        self._thread = threading.Thread(target=self._run, name="delivery", daemon=True)
        self._thread.start()

    @property
    def is_finished(self) -> bool:
        """True once nothing is sent any more."""
        return not self._thread.is_alive()

    def stop(self, seconds: float) -> None:
        """Wait at most so many seconds for the rest, then send no further notice."""
        self._thread.join(seconds)
        self._is_stopped = True

    def _run(self) -> None:
        try:
            for notice in self.notices:
                if self._is_stopped:
                    return
                self._sink.send(notice)
                self.delivered += 1
        except SinkError as error:
            self.error = str(error)
