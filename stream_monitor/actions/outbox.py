"""The outbox: notices that wait for delivery. None is lost when a sink is down or the process is killed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from stream_monitor.actions.base import Sink
from stream_monitor.actions.notice import Notice
from stream_monitor.actions.sink_queue import RemoteQueue, SinkQueue


class Outbox:
    """Delivers every notice to every sink, in order, and repeats one that failed.

    Pending notices are part of the saved state. After a crash one may be delivered again, with the same id.

    Args:
        sinks: The sinks whose ``send`` does not wait, by name.
        remote: The queues of the others, by name.

    Attributes:
        queues: The queue of each sink, by name.
    """

    def __init__(self, sinks: Mapping[str, Sink], remote: Mapping[str, RemoteQueue] | None = None) -> None:
        self.queues: dict[str, SinkQueue] = {name: SinkQueue(name, sink) for name, sink in sinks.items()}
        self.queues.update(remote or {})

    def put(self, notices: Sequence[Notice]) -> None:
        """Append notices; nothing is sent yet."""
        for queue in self.queues.values():
            queue.put(notices)

    @property
    def is_due(self) -> bool:
        """True if `send` changes the state."""
        return any(queue.is_due for queue in self.queues.values())

    def send(self) -> None:
        """Deliver pending notices, of each sink up to the first that fails; none waits for a remote sink."""
        for queue in self.queues.values():
            queue.advance()

    def close(self) -> None:
        """Send what can be sent at once, and release the sinks."""
        for queue in self.queues.values():
            queue.close()

    def state(self) -> dict[str, Any]:
        """Return the state as JSON values."""
        return {name: queue.state() for name, queue in self.queues.items()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore the pending notices of sinks that still exist."""
        for name, queue in self.queues.items():
            if name in state:
                queue.restore(state[name])
