"""(b) The loop of a typical tutorial: `for m in consumer: json.loads(m.value)`."""

import json

from setting import Bench


def main() -> None:
    bench = Bench()
    consumer = bench.consumer()
    for seen, message in enumerate(consumer, 1):
        if seen == 1:
            bench.first_record()
        json.loads(message.value)
        if seen == bench.events:
            break
    bench.last_record()
    consumer.close()


if __name__ == "__main__":
    main()
