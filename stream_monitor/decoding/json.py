"""JSON as Python writes it."""

from __future__ import annotations

import json
from typing import Any

from stream_monitor.core.errors import Reason, RecordError


def parse_leniently(value: bytes) -> Any:
    """What strict JSON refuses but Python's json.dumps writes, NaN and Infinity: read, and counted as missing."""
    try:
        text = value.decode()
    except UnicodeDecodeError:
        raise RecordError(Reason.NOT_UTF8, "the value is not UTF-8") from None
    try:
        body = json.loads(text)
        json.dumps(body, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise RecordError(Reason.NOT_UTF8, "text with half a surrogate pair") from None
    except (ValueError, RecursionError):
        raise RecordError(Reason.NOT_JSON, "the value is not JSON, or nested too deeply") from None
    return body
