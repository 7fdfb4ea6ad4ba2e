"""Build a state of WAITING waiting predictions: `waiting_build.py DIRECTORY WAITING TOPIC LABEL_TOPIC`.

The whole pipeline processes them, from their JSON on. The process exits without closing anything, as if killed; its
peak memory is that of building and holding the state.
"""

import json
import os
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from waiting_events import STEP_MS, TimedSource, chunks, config, ids, pipeline, prediction_body, record

from stream_monitor.core.records import Record


def batches(topic: str, count: int, start_ms: int) -> Iterator[Sequence[Record]]:
    for numbers in chunks(count):
        yield [
            record(topic, number, at, prediction_body(name, number, at))
            for name, number in zip(ids(numbers), numbers.tolist(), strict=True)
            for at in (start_ms + number * STEP_MS,)
        ]


def main() -> None:
    directory, count, topic, label_topic = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
    start_ms = int(time.time() * 1000) - count * STEP_MS
    feed = TimedSource(batches(topic, count, start_ms), (topic, label_topic))
    built, _ = pipeline(config(topic, label_topic, state_dir=directory, max_waiting=2 * count), feed)
    begin = time.monotonic()
    built.run(threading.Event())
    built.close()
    seconds = time.monotonic() - begin
    size = sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())
    assert built.processor.joiner.waiting_predictions == count, built.processor.joiner.waiting_predictions
    report = {"seconds": seconds, "disk_mb": size / 2**20, "start_ms": start_ms}
    print(json.dumps(report), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
