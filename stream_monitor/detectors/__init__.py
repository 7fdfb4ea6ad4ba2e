"""The drift detectors. To add one: write its file, then add its config to the union below."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from stream_monitor.core.arrays import ColumnKind, Floats
from stream_monitor.core.spec_grammar import kinds_of
from stream_monitor.detectors.adwin import AdwinConfig
from stream_monitor.detectors.base import NO_CONTEXT, Change, Detector, DetectorConfig, DetectorContext
from stream_monitor.detectors.ddm import DdmConfig
from stream_monitor.detectors.eddm import EddmConfig
from stream_monitor.detectors.fhddm import FhddmConfig
from stream_monitor.detectors.glr import GlrConfig
from stream_monitor.detectors.hddm_a import HddmAConfig
from stream_monitor.detectors.hddm_w import HddmWConfig
from stream_monitor.detectors.kswin import KswinConfig
from stream_monitor.detectors.page_hinkley import PageHinkleyConfig
from stream_monitor.detectors.seed import SeedConfig
from stream_monitor.detectors.stepd import StepdConfig

AnyDetectorConfig = Annotated[
    AdwinConfig
    | DdmConfig
    | EddmConfig
    | FhddmConfig
    | GlrConfig
    | HddmAConfig
    | HddmWConfig
    | KswinConfig
    | PageHinkleyConfig
    | SeedConfig
    | StepdConfig,
    Field(discriminator="kind"),
]

#: The config class of every detector by its kind, read from the union.
KINDS: dict[str, type[DetectorConfig]] = kinds_of(AnyDetectorConfig)

__all__ = [
    "KINDS",
    "NO_CONTEXT",
    "AnyDetectorConfig",
    "Change",
    "ColumnKind",
    "Detector",
    "DetectorConfig",
    "DetectorContext",
    "Floats",
]
