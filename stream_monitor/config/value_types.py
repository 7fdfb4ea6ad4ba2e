"""Types of settings: lists, pairs and names as flags, environment variables and YAML write them.

What a check needs is imported when it checks, so that reading the settings loads no Kafka client and no detector.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer

from stream_monitor.actions import parse_sink
from stream_monitor.config.units import Share
from stream_monitor.core.errors import ConfigError
from stream_monitor.core.events import FeatureType
from stream_monitor.decoding import parse_decoder
from stream_monitor.decoding.fields import check_field


def split_list(value: Any, separators: str = r"\s+") -> Any:
    """Return the values in a text, as an environment variable has them; anything but text as it is."""
    if isinstance(value, str):
        return [part for part in re.split(separators, value.strip()) if part]
    return value


def split_commas(value: Any) -> Any:
    """Return the values in a text or a list of texts, separated by commas or white space."""
    values = split_list(value, r"[\s,]+")
    if not isinstance(values, list | tuple):
        raise ValueError("must be text or a list")
    return [part for text in values for part in split_list(str(text), r"[\s,]+")]


def read_pairs(value: Any) -> Any:
    """Return ``NAME=VALUE`` texts as a mapping; a mapping as it is."""
    if isinstance(value, Mapping):
        return value
    found: dict[str, str] = {}
    for text in split_list(value):
        name, equals, rest = str(text).partition("=")
        if not equals or not name:
            raise ValueError(f"{name!r} is not NAME=VALUE")
        found[name.strip()] = rest.strip()
    return found


def parse_address(text: str) -> tuple[str, int]:
    """Return host and port.

    >>> parse_address("0.0.0.0:9464"), parse_address("[::1]:0")
    (('0.0.0.0', 9464), ('::1', 0))
    """
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdecimal() or int(port) > 65_535:
        raise ValueError(f"{text!r} is not HOST:PORT with a port from 0 to 65535")
    return host.removeprefix("[").removesuffix("]"), int(port)


def _check_address(text: str) -> str:
    parse_address(text)
    return text


def _check_decoder(text: str) -> str:
    parse_decoder(text)
    return text


def _check_fields(fields: dict[str, str]) -> dict[str, str]:
    for name, path in fields.items():
        check_field(name, path)
    return fields


def _check_groups(groups: dict[str, str]) -> dict[str, str]:
    from stream_monitor.performance.groups import MAX_GROUPS, Grouping

    if len(groups) > MAX_GROUPS:
        raise ValueError(f"{len(groups)} groups; allowed: {MAX_GROUPS} at most")
    for name, path in groups.items():
        Grouping.parse(name, path)
    return groups


def _check_detectors(specs: list[str]) -> list[str]:
    from stream_monitor.detectors.spec import parse_spec

    for spec in specs:
        parse_spec(spec)
    return specs


def _check_sinks(texts: list[str]) -> list[str]:
    for text in texts:
        parse_sink(text)
    return texts


def _check_profile(path: Path | None) -> Path | None:
    if path is not None:
        from stream_monitor.profiles.profile import Profile

        try:
            Profile.read(path)
        except ConfigError as error:
            raise ValueError(str(error).removeprefix("--profile: ")) from None
    return path


def _check_contract(path: Path | None) -> Path | None:
    if path is not None:
        from stream_monitor.contract.input_contract import InputContract

        try:
            InputContract.load(path)
        except ConfigError as error:
            raise ValueError(str(error)) from None
    return path


def _check_payoff(text: str | None) -> str | None:
    if text is not None:
        from stream_monitor.performance.payoff import Payoff

        Payoff.parse(text)
    return text


def read_champions(value: Any) -> Any:
    """Return ``[MODEL=]VERSION`` texts as a mapping of models to versions; a mapping as it is.

    >>> read_champions("3 churn=2")
    {'': '3', 'churn': '2'}
    """
    if isinstance(value, Mapping):
        return value
    found: dict[str, str] = {}
    for text in split_list([value] if isinstance(value, int | float) else value):
        model, _, version = str(text).strip().rpartition("=")
        if not version:
            raise ValueError(f"{text!r} is not [MODEL=]VERSION")
        found[model] = version
    return found


def _champions_written(champions: Mapping[str, str]) -> list[str]:
    return [f"{model}={version}" if model else version for model, version in champions.items()]


def _check_split(split: dict[str, float]) -> dict[str, float]:
    total = sum(split.values())
    if split and (len(split) < 2 or not math.isclose(total, 1.0, abs_tol=1e-6)):
        raise ValueError(f"shares add up to {total:g}: name two versions or more, whose shares add up to 1")
    if not all(split.values()):
        raise ValueError("must be shares above 0")
    return split


def _parse_kafka_options(pairs: dict[str, Any]) -> dict[str, Any]:
    if not pairs:
        return {}
    from stream_monitor.sources.kafka.options import parse_options

    return parse_options(pairs)


Count = Annotated[int, Field(ge=1)]
Address = Annotated[str, AfterValidator(_check_address)]
List = Annotated[list[str], BeforeValidator(split_commas)]
Addresses = Annotated[list[Address], BeforeValidator(split_commas)]
FieldPaths = Annotated[dict[str, str], BeforeValidator(read_pairs), AfterValidator(_check_fields)]
PayoffText = Annotated[str | None, AfterValidator(_check_payoff)]
GroupPaths = Annotated[dict[str, str], BeforeValidator(read_pairs), AfterValidator(_check_groups)]
FeatureTypes = Annotated[dict[str, FeatureType], BeforeValidator(read_pairs)]
DecoderText = Annotated[str, AfterValidator(_check_decoder)]
DetectorTexts = Annotated[list[str], BeforeValidator(split_list), AfterValidator(_check_detectors)]
SinkTexts = Annotated[list[str], BeforeValidator(split_list), AfterValidator(_check_sinks)]
Champions = Annotated[dict[str, str], BeforeValidator(read_champions), PlainSerializer(_champions_written)]
TrafficSplit = Annotated[dict[str, Share], BeforeValidator(read_pairs), AfterValidator(_check_split)]
ProfilePath = Annotated[Path | None, AfterValidator(_check_profile)]
ContractPath = Annotated[Path | None, AfterValidator(_check_contract)]
KafkaOptions = Annotated[dict[str, Any], BeforeValidator(read_pairs), AfterValidator(_parse_kafka_options)]
