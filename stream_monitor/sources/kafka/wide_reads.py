"""Wide reads: kafka-python reads 4,096 bytes of a connection at a time, and a fetch has hundreds of thousands."""

from __future__ import annotations

from types import FunctionType
from typing import Any

from kafka.net.transport import KafkaSSLTransport, KafkaTCPTransport

READ_BYTES = 256 << 10
_CLIENTS_BYTES = 4096


def widen_reads() -> None:
    """Make the connections of the process read up to `READ_BYTES` at a time.

    The client has the number in its code, so that code is given another constant: what it does with data, errors and
    the end of a connection stays its own. Code without that number is left as it is.
    """
    for transport in (KafkaTCPTransport, KafkaSSLTransport):
        transport._sock_recv = _with_constant(transport._sock_recv)


def _with_constant(function: Any) -> Any:
    code = function.__code__
    constants = tuple(READ_BYTES if each == _CLIENTS_BYTES else each for each in code.co_consts)
    return FunctionType(code.replace(co_consts=constants), function.__globals__, function.__name__)
