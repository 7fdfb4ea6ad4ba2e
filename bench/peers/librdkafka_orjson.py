"""(l) The limit of another client: librdkafka (confluent-kafka) and orjson, without any processing."""

import orjson
from setting import Bench


def main() -> None:
    for messages in Bench().batches():
        for message in messages:
            orjson.loads(message.value())


if __name__ == "__main__":
    main()
