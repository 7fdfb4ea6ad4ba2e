"""Fail points: places at which a test can kill the process, to check that it recovers.

``STREAM_MONITOR_FAILPOINT=checkpoint.sealed:3`` kills it when that point is hit for the third time. Without the
variable nothing happens.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from typing import Literal

Point = Literal["applied", "checkpoint.sealed", "checkpoint.written", "committed"]

_point, _, _number = os.environ.get("STREAM_MONITOR_FAILPOINT", "").partition(":")
_hits: Counter[str] = Counter()


def hit(point: Point) -> None:
    """Kill the process by SIGKILL if it is to be killed at this hit of the point.

    Args:
        point: ``applied``: a batch is applied and not saved; ``checkpoint.sealed``: the state is about to be written;
            ``checkpoint.written``: it is written, and its offsets are not committed; ``committed``: they are.
    """
    if point == _point:
        _hits[point] += 1
        if _hits[point] == int(_number or 1):
            os.kill(os.getpid(), signal.SIGKILL)
