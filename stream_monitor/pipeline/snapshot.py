"""The snapshot: everything that is shown, as frozen plain values.

``/metrics``, the landing page, `replay` and its report render a snapshot and nothing else. Importing these types
loads no detector; `stream_monitor.pipeline.take_snapshot` makes them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from stream_monitor.actions.deployment_request import Fault, Outcome
from stream_monitor.contract.tally import Example
from stream_monitor.core.arrays import ColumnKind
from stream_monitor.core.errors import Reason
from stream_monitor.core.events import Detection, FeatureType, ModelVersion
from stream_monitor.core.records import TopicPartition
from stream_monitor.core.violations import FeatureRule
from stream_monitor.drift.episode import Episode
from stream_monitor.drift.episodes import group
from stream_monitor.drift.false_alarms import FalseAlarms
from stream_monitor.drift.practical_size import Ranked, rank
from stream_monitor.performance.baseline_result import BaselineResult
from stream_monitor.performance.estimated import EstimatedResult
from stream_monitor.performance.rollout_result import RolloutResult
from stream_monitor.performance.windows import Window
from stream_monitor.pipeline.actions_snapshot import NO_ACTIONS, ActionsSnapshot
from stream_monitor.pipeline.evaluation_snapshot import EvaluationSnapshot
from stream_monitor.pipeline.fairness_snapshot import FairnessSnapshot
from stream_monitor.pipeline.watched import Watched
from stream_monitor.sources.base import Position
from stream_monitor.stats.distances import Distance
from stream_monitor.stats.intervals import Interval
from stream_monitor.stats.season_clock import AwaitedSeason
from stream_monitor.stats.training_verdict import SignalVerdict


@dataclass(frozen=True, slots=True)
class LoopStatus:
    """The state of the loop, which is read without its lock: also a loop that hangs has one.

    ``age``: seconds since the last pass. ``restoring``: partitions whose waiting records are read again.
    ``reject_share``: share of rejects, 0 to 1, among the newest ``recent_records`` records.
    ``dead_letter_fault``: the reason why dead letters can't be written now, empty if they can.
    """

    age: float
    positions: Sequence[Position]
    restoring: Sequence[TopicPartition]
    recent_records: int
    reject_share: float
    dead_letter_fault: str = ""


@dataclass(frozen=True, slots=True)
class CountersSnapshot:
    """Counters of the pipeline; ``records`` and ``gaps`` are by topic.

    ``backward``: predictions with an earlier event time than the one before them. ``dead_letters``: those that were
    written, by reason; empty without a topic for them. ``dead_letter_errors``: failed attempts to write them.
    """

    records: Mapping[str, int]
    gaps: Mapping[str, int]
    rejected: Mapping[Reason, int]
    predictions: int
    labels: int
    source_errors: int
    timestamps_replaced: int
    backward: int = 0
    dead_letters: Mapping[str, int] = field(default_factory=dict)
    dead_letter_errors: int = 0


@dataclass(frozen=True, slots=True)
class JoinSnapshot:
    """Records by what became of them, and those that wait.

    ``unaccounted``: records read whose end is not known; any other number than 0 is a bug. ``stream_time``: the
    latest event time, in seconds since the epoch; -inf before any.
    """

    applied_predictions: int
    applied_labels: int
    duplicate_predictions: int
    duplicate_labels: int
    revised_labels: int
    expired_predictions: int
    expired_labels: int
    revoked: int
    restored: int
    waiting_predictions: int
    waiting_labels: int
    waiting_outcomes: int
    unaccounted: int
    stream_time: float


@dataclass(frozen=True, slots=True)
class DeploymentSnapshot:
    """Deployments by Git: requests that wait, the others by their outcome, and failed attempts by their fault."""

    waiting: int
    outcomes: Mapping[Outcome, int]
    faults: Mapping[Fault, int]


@dataclass(frozen=True, slots=True)
class DriftSnapshot:
    """The drifts that one detector has raised on one signal: their number, and the newest one.

    ``small``: changes that are too small to matter. ``last_ts``: event time in seconds since the epoch.
    ``before`` and ``after``: means in the signal's own unit.
    """

    detector: str
    count: int
    last_ts: float | None
    before: float
    after: float
    effect: float | None
    small: int


@dataclass(frozen=True, slots=True)
class SignalSnapshot:
    """One signal of a model version.

    ``mean``: of the newest values, in the signal's own unit; NaN before the first, and of categories.
    ``active_since``: event time of the drift whose alarm is active, NaN where that is not known, None without one.
    ``batch_length``: values that are averaged before a detector sees them. ``awaited_seasons``: given periods of
    which none has passed yet. ``seasons``: the strength of each that is taken out, by its period in seconds.
    ``distances`` to the reference are by measure. ``reference_values``: different values in a numeric reference, None
    without one. ``categories``: their names, in the order in which they first came. ``false_alarms``: their number as
    a multiple of the promised one.
    """

    name: str
    kind: ColumnKind
    mean: float
    active_since: float | None
    batch_length: int
    effective_samples: float
    awaited_seasons: Sequence[AwaitedSeason]
    seasons: Mapping[float, float]
    distances: Mapping[str, Distance]
    drifts: Sequence[DriftSnapshot]
    reference_values: int | None
    categories: Sequence[str]
    false_alarms: FalseAlarms


@dataclass(frozen=True, slots=True)
class FeatureSnapshot:
    """Values of one feature by their kind.

    ``violations``: values that are not of its ``type``, which is None until it is inferred; ``is_given``: the type
    was configured.
    """

    name: str
    type: FeatureType | None
    is_given: bool
    numeric: int
    text: int
    missing: int
    other: int
    violations: int


@dataclass(frozen=True, slots=True)
class PerformanceSnapshot:
    """Performance of one model version: see `stream_monitor.performance.realized.Performance`.

    ``classes``: measures by the names of class and measure. ``confusion``: outcomes so far by the names of label and
    prediction. Both are empty for a regression.
    """

    totals: Mapping[str, float]
    measures: Mapping[str, Mapping[Window, float]]
    intervals: Mapping[Window, Interval]
    outcomes: Mapping[Window, float]
    classes: Mapping[str, Mapping[str, Mapping[Window, float]]] = field(default_factory=dict)
    confusion: Mapping[tuple[str, str], int] = field(default_factory=dict)

    @property
    def labels(self) -> Mapping[str, int]:
        """Outcomes so far by the name of their label."""
        labels: Counter[str] = Counter()
        for (y_true, _), count in self.confusion.items():
            labels[y_true] += count
        return labels


@dataclass(frozen=True, slots=True)
class DelaySnapshot:
    """Label delays as a histogram: ``counts`` has one entry more than the upper ``bounds``, in seconds."""

    bounds: Sequence[float]
    counts: Sequence[int]
    total: float


@dataclass(frozen=True, slots=True)
class ModelSnapshot:
    """One model version. ``coverage``: share of the mature predictions that have a label, None before the first.

    ``skew``: the episode of what differs from the training data since the start. ``episodes``: the newest ones of
    drift, the latest last, of ``episode_count`` in all; copies, up to the newest values. ``training``: the signals
    against the training data, none without a profile. ``seasons_left_in``: the strength of each season that is seen
    in a replay though none is taken out, by signal and period in seconds. ``fairness``: None without groups.
    ``violations``: predictions that break each rule of the input contract, by feature and rule; ``invalid``: those
    that break any. ``baselines``: those beside the model.
    """

    key: ModelVersion
    predictions: int
    features_ignored: int
    mature: int
    mature_labelled: int
    coverage: float | None
    performance: PerformanceSnapshot
    estimated: EstimatedResult
    delays: DelaySnapshot
    episode_count: int
    skew: Episode | None
    episodes: Sequence[Episode]
    features: Sequence[FeatureSnapshot]
    signals: Sequence[SignalSnapshot]
    training: Sequence[SignalVerdict]
    seasons_left_in: Mapping[str, Mapping[float, float]] = field(default_factory=dict)
    fairness: FairnessSnapshot | None = None
    violations: Mapping[FeatureRule, int] = field(default_factory=dict)
    invalid: int = 0
    baselines: Sequence[BaselineResult] = ()

    @property
    def drift_count(self) -> int:
        """Drifts raised on all of its signals."""
        return sum(drift.count for signal in self.signals for drift in signal.drifts)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that is shown, at one moment.

     ``evicted``: models, versions and features evicted past their bound, by kind. ``detections``: the newest
     ones, the latest last; ``small``: those that are too small to matter, being below ``min_effect``.
    ``failures``: models that were left out of a snapshot because of an error, so far. ``violation_examples``: the
    first violation of each rule of the input contract, by feature and rule, None without a contract. ``rollouts``:
    the versions of each model side by side. ``deployments``: None without a repository. ``actions``: retrain requests
    and notices. ``watched``: what is turned on.
    """

    loop: LoopStatus
    counters: CountersSnapshot
    join: JoinSnapshot
    models: Sequence[ModelSnapshot]
    evicted: Mapping[str, int]
    outcomes_evicted: int
    detections: Sequence[Detection]
    small: Sequence[Detection]
    failures: int
    violation_examples: Mapping[FeatureRule, Example] | None = None
    min_effect: float = 0.0
    evaluation: EvaluationSnapshot = field(default_factory=EvaluationSnapshot)
    rollouts: Sequence[RolloutResult] = ()
    deployments: DeploymentSnapshot | None = None
    actions: ActionsSnapshot = NO_ACTIONS
    watched: Watched = field(default_factory=Watched)

    @property
    def episodes(self) -> Sequence[Episode]:
        """The newest episodes of drift of all models, and those of the differences from their training data."""
        skews = [model.skew for model in self.models if model.skew]
        return [*skews, *(episode for model in self.models for episode in model.episodes)]

    def ranked(self, detections: Iterable[Detection] = ()) -> Ranked:
        """Return the episodes that matter, the most evident first, and the changes that are too small to.

        Args:
            detections: All detections, where they may be of more episodes than the newest ones.
        """
        found = rank(group(detections, self.episodes), self.min_effect)
        return Ranked(found.episodes, [*self.small, *found.small])


#: Gives a snapshot of now: this is how servers and reports are connected to a pipeline.
TakeSnapshot = Callable[[], Snapshot]
