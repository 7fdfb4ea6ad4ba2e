"""From bytes to events. To add a decoder: write its file, then add its config to the union below."""

from __future__ import annotations

from stream_monitor.core.spec_grammar import kinds_of, parse_config
from stream_monitor.decoding.base import DecoderConfig
from stream_monitor.decoding.json import JsonConfig

AnyDecoderConfig = JsonConfig

#: The config of each decoder by its kind, read off the union.
DECODERS: dict[str, type[DecoderConfig]] = kinds_of(AnyDecoderConfig)


def parse_decoder(text: str) -> DecoderConfig:
    """Return the config that ``KIND[:PARAMETER=VALUE,...]`` specifies; a `ValueError` says what is wrong with it.

    >>> parse_decoder("json")
    JsonConfig(kind='json')
    """
    return parse_config(text.strip(), DECODERS, "decoder")
