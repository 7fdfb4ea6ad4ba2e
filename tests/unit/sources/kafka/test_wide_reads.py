"""Reads of a connection: larger ones, and all else as the client has it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from kafka.errors import KafkaConnectionError
from kafka.net.transport import KafkaSSLTransport, KafkaTCPTransport

from stream_monitor.sources.kafka.wide_reads import READ_BYTES, widen_reads


class Socket:
    """A socket from which these parts can be read, and then nothing for the moment, or a failure."""

    def __init__(self, *parts: bytes | Exception) -> None:
        self._parts = [*parts]
        self.asked: list[int] = []

    def recv(self, size: int) -> bytes:
        self.asked.append(size)
        part = self._parts.pop(0) if self._parts else BlockingIOError()
        if isinstance(part, Exception):
            raise part
        return part


@pytest.mark.parametrize("transport", [KafkaTCPTransport, KafkaSSLTransport])
def test_connections_read_much_at_a_time(transport: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "_sock_recv", transport.__dict__["_sock_recv"])
    for _ in range(2):  # every source that connects does it
        widen_reads()
    socket = Socket(b"a" * READ_BYTES, b"b")
    assert transport._sock_recv(SimpleNamespace(_sock=socket)) == (b"a" * READ_BYTES + b"b", None)
    assert socket.asked == [READ_BYTES] * 3
    for failure in (b"", ConnectionResetError()):
        data, error = transport._sock_recv(SimpleNamespace(_sock=Socket(b"a", failure)))
        assert data == b"a"
        assert isinstance(error, KafkaConnectionError)
