"""Settings of the comparison of versions."""

from __future__ import annotations

from typing import Literal

from stream_monitor.config.base import Settings, setting
from stream_monitor.config.value_types import Champions, TrafficSplit


class VersionSettings(Settings):
    """Settings of the comparison of versions."""

    champion: Champions = setting(
        {},
        "version that the others of its model are compared with; by default the first one, until another has nine "
        "tenths of 1,000 predictions; repeatable",
        "[MODEL=]VERSION",
    )
    comparison: Literal["auto", "split", "shadow"] = setting(
        "auto",
        "how versions share the events: split, each event has one (A/B test, canary), or shadow, several predict the "
        "same ids; auto: as the first 100 outcomes come",
        "auto|split|shadow",
    )
    traffic_split: TrafficSplit = setting(
        {},
        "share of the traffic that a version is to have; the shares add up to 1; repeatable",
        "VERSION=SHARE",
    )
