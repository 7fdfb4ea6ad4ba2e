"""(a) The upper limit: poll, and parse with the fastest JSON parser, without any processing.

It is tuned with larger polls and without long waits for partitions that have no more records.
"""

import orjson
from setting import Bench


def main() -> None:
    bench = Bench()
    consumer = bench.consumer(max_poll_records=2000, fetch_max_wait_ms=20)
    seen = 0
    while seen < bench.events:
        for records in consumer.poll(timeout_ms=1000).values():
            if not seen:
                bench.first_record()
            for record in records:
                orjson.loads(record.value)
            seen += len(records)
    bench.last_record()
    consumer.close()


if __name__ == "__main__":
    main()
