"""(c) A script written by hand: (b) with river's detectors on each feature, an accuracy and a few metrics.

It does not validate its input, join late labels, scale features, or persist state.
"""

import json
from collections import defaultdict

from prometheus_client import Counter, Gauge, start_http_server
from river.drift import ADWIN, PageHinkley
from river.metrics import Accuracy
from setting import Bench

EVENTS = Counter("events", "Events read")
DRIFTS = Counter("drifts", "Drifts found", ["feature", "detector"])
ACCURACY = Gauge("accuracy", "Accuracy since the start")


def main() -> None:
    bench = Bench()
    start_http_server(0, addr="127.0.0.1")
    adwins: dict[str, ADWIN] = defaultdict(ADWIN)
    page_hinkleys: dict[str, PageHinkley] = defaultdict(PageHinkley)
    accuracy = Accuracy()
    drifts = 0
    consumer = bench.consumer()
    for seen, message in enumerate(consumer, 1):
        if seen == 1:
            bench.first_record()
        event = json.loads(message.value)
        EVENTS.inc()
        for name, value in event["features"].items():
            for kind, detectors in (("adwin", adwins), ("page_hinkley", page_hinkleys)):
                detector = detectors[name]
                detector.update(value)
                if detector.drift_detected:
                    DRIFTS.labels(name, kind).inc()
                    drifts += 1
        accuracy.update(event["label"], event["prediction"])
        ACCURACY.set(accuracy.get())
        if seen == bench.events:
            break
    bench.last_record(drifts=drifts, accuracy=accuracy.get())
    consumer.close()


if __name__ == "__main__":
    main()
