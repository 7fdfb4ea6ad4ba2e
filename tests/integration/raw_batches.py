"""Record batches that no producer would write, made byte by byte, and a client that sends them."""

from __future__ import annotations

import socket
import struct
import zlib
from collections.abc import Sequence

from crc32c import crc32c

PRODUCE, PRODUCE_VERSION = 0, 7


def batch(values: Sequence[bytes], codec: int = 0) -> bytes:
    """Return a version 2 batch of these values."""
    return batch_of([record(delta, value) for delta, value in enumerate(values)], codec)


def batch_of(records: Sequence[bytes], codec: int = 0, at_ms: int = 1_700_000_000_000) -> bytes:
    """Return a version 2 batch; codec 1 compresses it, any other is only named in its header."""
    body, count = b"".join(records), len(records)
    if codec == 1:
        squeeze = zlib.compressobj(wbits=31)
        body = squeeze.compress(body) + squeeze.flush()
    checked = struct.pack(">hiqqqhii", codec, count - 1, at_ms, at_ms, -1, -1, -1, count) + body
    return struct.pack(">qiibI", 0, len(checked) + 9, -1, 2, crc32c(checked)) + checked


def record(delta: int, value: bytes, header: bytes | None = None) -> bytes:
    """Return one record; ``header`` is the key of its only header, which should be text."""
    headers = varint(0) if header is None else varint(1) + varint(len(header)) + header + varint(0)
    body = b"\0" + varint(0) + varint(delta) + varint(-1) + varint(len(value)) + value + headers
    return varint(len(body)) + body


def varint(number: int) -> bytes:
    """Return a signed number as a varint, seven bits a byte."""
    rest, out = (number << 1) ^ (number >> 63), bytearray()
    while rest > 0x7F:
        out.append(rest & 0x7F | 0x80)
        rest >>= 7
    out.append(rest)
    return bytes(out)


def broken(whole: bytes) -> bytes:
    """Return the batch with its last byte flipped, so that its checksum fails."""
    return whole[:-1] + bytes([whole[-1] ^ 0xFF])


def send_raw(bootstrap_servers: str, topic: str, raw: bytes, partition: int = 0) -> int:
    """Produce a batch as it is; return the broker's error code."""
    host, port = bootstrap_servers.split(",")[0].rsplit(":", 1)
    name = topic.encode()
    body = struct.pack(">hhiih", -1, -1, 10_000, 1, len(name)) + name  # no transaction, all replicas, one topic
    body += struct.pack(">iii", 1, partition, len(raw)) + raw
    request = struct.pack(">hhih", PRODUCE, PRODUCE_VERSION, 1, 4) + b"test" + body
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(struct.pack(">i", len(request)) + request)
        answer = read(connection, struct.unpack(">i", read(connection, 4))[0])
    # Correlation id, one topic, its name, one partition, its index; then the error.
    (code,) = struct.unpack_from(">h", answer, 4 + 4 + 2 + len(name) + 4 + 4)
    return int(code)


def read(connection: socket.socket, count: int) -> bytes:
    """Return exactly this many bytes."""
    received = b""
    while len(received) < count:
        part = connection.recv(count - len(received))
        assert part, "the broker closed the connection"
        received += part
    return received
