"""Points at which a test may have the process killed, to see that it goes on as if it had not been.

``STREAM_MONITOR_FAILPOINT=checkpoint.sealed:3`` kills it the third time that point is reached. Without it nothing
happens.
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
    """Say that the process is at this point: it ends here, without a farewell, when that was asked for.

    ``applied``: a batch has been applied, nothing of it saved; ``checkpoint.sealed``: about to write;
    ``checkpoint.written``: the state is on disk, Kafka has not been told; ``committed``: it has.
    """
    if point == _point:
        _hits[point] += 1
        if _hits[point] == int(_number or 1):
            os.kill(os.getpid(), signal.SIGKILL)
