"""The settings of all monitors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from stream_monitor.actions.retrain_decision import RetrainSettings
from stream_monitor.contract.input_contract import InputContract
from stream_monitor.core.events import FeatureType
from stream_monitor.detectors.spec import DEFAULT_SPECS, DetectorSpec
from stream_monitor.drift.episodes import MAX_RECENT
from stream_monitor.performance.baseline import BaselineSettings
from stream_monitor.performance.fairness import FairnessSettings
from stream_monitor.performance.rollout import RolloutSettings
from stream_monitor.profiles.profile import Profile


@dataclass(frozen=True)
class MonitorSettings:
    """The settings of all monitors.

    Attributes:
        specs: The detectors and the signals that they watch.
        task: Whether labels are classes or numbers.
        warmup: First values of a signal, from which its reference, scale and dependence are estimated.
        run_length: Mean number of predictions between two false alarms of a model.
        run_seconds: The same in seconds: turned into predictions by the rate over the warm-up; None if not given so.
        seasonality: Periods in seconds; () for none, None to detect a day and a week.
        rearm_after: Seconds after which an alarm is over even if the signal is not back.
        min_effect: Smallest effect size of a change that is told; 0: all are.
        episodes_kept: Newest episodes of a model version that are kept.
        detections_kept: Newest detections of all models that are kept, and newest small changes.
        episode_gap: Predictions after an episode's first alarm in which changes of other signals join it, and after
            a signal's newest alarm in which a further one prolongs its change.
        feature_types: The types of features that were given, by name.
        profile: The profile of the training data.
        contract: The input contract.
        performance_window: Outcomes in the rolling window.
        performance_decay: Weight of an outcome relative to the one after it, in the decayed window.
        positive_class: The class that scores which are numbers are of; None where that is not known.
        fairness: The groups that are compared.
        baseline: The baselines beside the model.
        label_maturity: Age in seconds at which a prediction counts for label coverage.
        looks_for_seasons: Whether seasons are looked for that are not taken out.
        rollout: The settings of the comparison of versions.
        retrain: The settings of retraining.
        side_by_side: Whether signals are handled side by side where they can be; the results are the same.
        max_models, max_versions, max_features: Bounds on models, versions of a model and features of a version.
    """

    specs: Sequence[DetectorSpec] = DEFAULT_SPECS
    task: Literal["classification", "regression"] = "classification"
    warmup: int = 500
    run_length: float = 1_000_000.0
    run_seconds: float | None = None
    seasonality: tuple[float, ...] | None = ()
    rearm_after: float = 86_400.0
    min_effect: float = 0.1
    episodes_kept: int = MAX_RECENT
    detections_kept: int = 100
    episode_gap: int = 1000
    feature_types: Mapping[str, FeatureType] = field(default_factory=dict)
    profile: Profile | None = None
    contract: InputContract | None = None
    performance_window: int = 1000
    performance_decay: float = 0.999
    positive_class: str | None = None
    fairness: FairnessSettings = field(default_factory=FairnessSettings)
    baseline: BaselineSettings = field(default_factory=BaselineSettings)
    label_maturity: float = 0.0
    max_models: int = 20
    max_versions: int = 5
    max_features: int = 500
    looks_for_seasons: bool = False
    rollout: RolloutSettings = field(default_factory=RolloutSettings)
    retrain: RetrainSettings = field(default_factory=RetrainSettings)
    side_by_side: bool = True

    def feature_type(self, name: str) -> FeatureType | None:
        """Return the type that a feature was given, or has in the contract or the profile, else None."""
        given = self.feature_types.get(name)
        if given is None and self.contract:
            given = self.contract.feature_types.get(name)
        return self.profile.feature_type(name) if given is None and self.profile else given

    def is_category(self, name: str) -> bool:
        """Return True for a feature that is known to be categorical: its numbers, too, are categories."""
        return self.feature_type(name) == "categorical"

    @property
    def of_state(self) -> dict[str, Any]:
        """The settings that a saved state depends on."""
        return {"task": self.task, "warmup": self.warmup}
