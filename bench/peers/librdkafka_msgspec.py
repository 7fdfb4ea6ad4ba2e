"""(m) The limit of a typed decoder: librdkafka (confluent-kafka) and msgspec, without any processing.

The type of the features has a field for each feature of the first event, as one would write it for a known model.
"""

import msgspec
from setting import Bench


def decoder(value: bytes) -> msgspec.json.Decoder:
    """Return a decoder of events with the features of this one."""
    names = msgspec.json.decode(value)["features"]
    features = msgspec.defstruct("Features", [(name, float | None) for name in names], gc=False)
    texts = [(name, str) for name in ("id", "ts", "model", "version", "prediction", "label")]
    event = msgspec.defstruct("Event", [*texts, ("score", float), ("features", features)], gc=False)
    return msgspec.json.Decoder(event)


def main() -> None:
    decode = None
    for messages in Bench().batches():
        for message in messages:
            decode = decode or decoder(message.value()).decode
            decode(message.value())


if __name__ == "__main__":
    main()
