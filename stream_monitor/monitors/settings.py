"""What every monitor is made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from stream_monitor.core.events import FeatureType
from stream_monitor.detectors.spec import DEFAULT_SPECS, DetectorSpec
from stream_monitor.profiles.profile import Profile


@dataclass(frozen=True)
class MonitorSettings:
    """What every monitor is made from.

    ``run_length``: mean number of predictions between false alarms of a model; where ``run_seconds`` is set, that is
    turned into predictions by the rate seen over the warm-up. ``seasonality`` (None: found out) and ``rearm_after``
    are in seconds.
    """

    specs: Sequence[DetectorSpec] = DEFAULT_SPECS
    task: Literal["classification", "regression"] = "classification"
    warmup: int = 500
    run_length: float = 1_000_000.0
    run_seconds: float | None = None
    seasonality: float | None = 0.0
    rearm_after: float = 86_400.0
    episode_gap: int = 1000
    feature_types: Mapping[str, FeatureType] = field(default_factory=dict)
    profile: Profile | None = None
    performance_window: int = 1000
    performance_decay: float = 0.999
    label_maturity: float = 0.0
    max_models: int = 20
    max_versions: int = 5
    max_features: int = 500

    def feature_type(self, name: str) -> FeatureType | None:
        """The type that a feature was given, or has in the profile; None where neither tells it."""
        given = self.feature_types.get(name)
        return self.profile.feature_type(name) if given is None and self.profile else given
