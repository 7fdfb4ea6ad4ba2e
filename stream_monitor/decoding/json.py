"""JSON: one object a record."""

from __future__ import annotations

import json
from typing import Any, Literal

import orjson

from stream_monitor.core.errors import Reason, RecordError
from stream_monitor.decoding.base import DecoderConfig

#: Arrays and objects inside one another in what only Python's `json` takes: fewer than any interpreter's stack bears.
MAX_DEPTH = 500
#: The message of orjson for more than 1,024 of them.
_TOO_DEEP = "depth limit exceeded"


class JsonConfig(DecoderConfig):
    """JSON, as the standard defines it or as Python writes it."""

    kind: Literal["json"] = "json"

    def make(self) -> JsonDecoder:
        return JsonDecoder()


class JsonDecoder:
    """Decodes strict JSON fast; what only Python's `json` takes, such as NaN, by that."""

    def decode(self, value: bytes) -> dict[str, Any]:
        try:
            body = orjson.loads(value)
        except orjson.JSONDecodeError as error:
            body = _parse_leniently(value, is_deep=error.msg == _TOO_DEEP)
        if type(body) is not dict:
            raise RecordError(Reason.NOT_OBJECT, f"a JSON {type(body).__name__}; allowed: an object")
        return body


def _parse_leniently(value: bytes, is_deep: bool) -> Any:
    """Return what Python's `json` reads: NaN and Infinity too, which count as missing later.

    Args:
        value: What orjson does not read.
        is_deep: True where orjson does not because it is nested too deeply.
    """
    try:
        text = value.decode()
    except UnicodeDecodeError:
        raise RecordError(Reason.NOT_UTF8, "the value is not UTF-8") from None
    try:
        if is_deep:
            raise RecursionError
        body = json.loads(text)
        # What begins so few arrays and objects is not deep, and without an escape there is no half a surrogate pair.
        if value.count(b"[") + value.count(b"{") > MAX_DEPTH and _is_deeper(body, MAX_DEPTH):
            raise ValueError
        if b"\\u" in value:
            json.dumps(body, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise RecordError(Reason.NOT_UTF8, "text with half a surrogate pair") from None
    except (ValueError, RecursionError):
        raise RecordError(Reason.NOT_JSON, "the value is not JSON, or nested too deeply") from None
    return body


def _is_deeper(body: Any, depth: int) -> bool:
    """Check whether more than ``depth`` arrays and objects stand inside one another.

    >>> _is_deeper({"a": [[1]]}, 2), _is_deeper({"a": [[1]]}, 3)
    (True, False)
    """
    inside = [body]
    for _ in range(depth + 1):
        nested = [each for each in inside if isinstance(each, (dict, list))]
        if not nested:
            return False
        inside = [inner for each in nested for inner in (each.values() if isinstance(each, dict) else each)]
    return True
