"""The drift detectors. To add one: write its file, then add its config to the union below."""

from __future__ import annotations

from typing import Annotated, get_args

from pydantic import Field

from stream_monitor.detectors.adwin import AdwinConfig
from stream_monitor.detectors.base import NO_TERMS, Change, ColumnKind, Detector, DetectorConfig, Floats, Terms
from stream_monitor.detectors.page_hinkley import PageHinkleyConfig

AnyDetectorConfig = Annotated[
    AdwinConfig | PageHinkleyConfig,
    Field(discriminator="kind"),
]

#: Every detector by its kind, read off the union.
KINDS: dict[str, type[DetectorConfig]] = {
    config.model_fields["kind"].default: config for config in get_args(get_args(AnyDetectorConfig)[0])
}

__all__ = [
    "KINDS",
    "NO_TERMS",
    "AnyDetectorConfig",
    "Change",
    "ColumnKind",
    "Detector",
    "DetectorConfig",
    "Floats",
    "Terms",
]
