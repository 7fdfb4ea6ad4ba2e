"""One model version's detectors and measures (`Monitor`), and all of them together (`Fleet`)."""

from __future__ import annotations

import logging
import math
import sys
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, Literal

from stream_monitor.budget import Budget
from stream_monitor.categories import Categories
from stream_monitor.counts import FeatureCounts, FeatureType, Histogram
from stream_monitor.detectors import ColumnKind, Floats
from stream_monitor.detectors.spec import DEFAULT_SPECS, DetectorSpec, select
from stream_monitor.episodes import Episodes
from stream_monitor.errors import ConfigError
from stream_monitor.event_times import EventTimes
from stream_monitor.events import Detection, ModelVersion, Outcome, Prediction, Target
from stream_monitor.measures.coverage import Coverage
from stream_monitor.measures.performance import make_performance
from stream_monitor.observer import Observer
from stream_monitor.profile import Profile
from stream_monitor.signal_monitor import SignalMonitor, SignalTerms
from stream_monitor.signals import (
    Column,
    FeatureColumn,
    Ints,
    Spread,
    category_values,
    feature_columns,
    number_column,
    optional_column,
    positions,
    warmup_of,
)

logger = logging.getLogger(__name__)
_first = itemgetter(0)

#: What is followed of a feature.
FEATURE_PREFIXES = ("missing:", "feature:", "spread:")
#: A run length in time is never taken for fewer predictions.
SHORTEST_RUN = 1000.0
#: Detections kept for the landing page.
RECENT_DETECTIONS = 100
#: A longer name of a feature is not followed: it would be a label value of Prometheus.
LONGEST_NAME = 200
#: Retirements of one kind that have a log line each; after them, one in a thousand has.
LOGGED_RETIREMENTS = 20
#: Upper bounds of ``label_delay_seconds``: a second to a month.
DELAY_BUCKETS = (
    1.0,
    10.0,
    60.0,
    600.0,
    3600.0,
    6 * 3600.0,
    86_400.0,
    3 * 86_400.0,
    7 * 86_400.0,
    30 * 86_400.0,
)


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


class Monitor:
    """Watches one version of one model."""

    def __init__(
        self,
        key: ModelVersion,
        settings: MonitorSettings,
        retired: Callable[[str, str], None],
        observer: Observer | None = None,
    ) -> None:
        self.key, self._observer = key, observer
        self._settings = settings
        self._retired = retired
        self.signals: dict[str, SignalMonitor] = {}
        #: Of features whose type is not told yet: what watches their text.
        self._candidates: dict[str, SignalMonitor] = {}
        self._spreads: dict[str, Spread] = {}
        self.features: dict[str, FeatureCounts] = {}
        self.performance = make_performance(settings.task, settings.performance_window, settings.performance_decay)
        self.coverage = Coverage(settings.label_maturity)
        self.episodes = Episodes(settings.episode_gap)
        self._budget = Budget(settings.specs, 1.0)
        self._run_length = settings.run_length
        self._first_ts: float | None = None
        #: Of the version before this one, what its features' signals knew when this one came.
        self._inherited: dict[str, Any] = {}
        self.predictions = 0
        self.delays = Histogram(DELAY_BUCKETS)
        self.last_seen = 0
        self.features_ignored = 0

    def predict(self, batch: Sequence[tuple[int, Prediction]]) -> list[Detection]:
        """Take predictions with their positions, in order."""
        detections: list[Detection] = []
        while batch:
            count = min(self._admit(batch), self._until_rate())
            detections += self._columns(batch[:count])
            self._take_rate(batch[:count])
            batch = batch[count:]
        return detections

    def resolve(self, outcomes: Sequence[Outcome]) -> list[Detection]:
        """Take outcomes, in order."""
        errors = self.performance.update_many([o.y_true for o in outcomes], [o.y_pred for o in outcomes])
        self.delays.add_many([outcome.delay for outcome in outcomes if outcome.delay is not None])
        self.coverage.labelled([outcome.ts for outcome in outcomes])
        index, ts = positions([o.index for o in outcomes], [o.ts for o in outcomes])
        detections = self._feed("error", errors, index, ts)
        if self._observer and outcomes:
            self._observer.take_performance(self.key, self.performance, int(index[-1]))
        return detections

    def inherit(self, other: Monitor) -> None:
        """Go on with the features where another version of the model is now: they are not its own.

        What it predicts, its scores and its errors begin anew.
        """
        self._run_length = other._run_length
        for name, counts in other.features.items():
            known: dict[str, Any] = {"type": counts.type, "signals": {}, "spread": None}
            for signal in (f"{prefix}{name}" for prefix in FEATURE_PREFIXES):
                if signal in other.signals:
                    known["signals"][signal] = other.signals[signal].passed_on()
            if name in other._candidates:
                known["candidate"] = other._candidates[name].passed_on()
            if name in other._spreads:
                known["spread"] = other._spreads[name].state()
            self._inherited[name] = known

    def state(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "predictions": self.predictions,
            "last_seen": self.last_seen,
            "features_ignored": self.features_ignored,
            "features": {name: dict(vars(counts)) for name, counts in self.features.items()},
            "delays": self.delays.state(),
            "coverage": self.coverage.state(),
            "performance": self.performance.state(),
            "episodes": self.episodes.state(),
            "rate": [self._run_length if math.isfinite(self._run_length) else None, self._first_ts],
            "inherited": self._inherited,
            "spreads": {name: spread.state() for name, spread in sorted(self._spreads.items())},
            "candidates": {name: signal.state() for name, signal in sorted(self._candidates.items())},
            # In order of name: when each came first depends on the batches.
            "signals": {name: signal.state() for name, signal in sorted(self.signals.items())},
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        self.predictions, self.last_seen = state["predictions"], state["last_seen"]
        self.features_ignored = state["features_ignored"]
        self.features = {name: FeatureCounts(**counts) for name, counts in state["features"].items()}
        self.delays.restore(state["delays"])
        self.coverage.restore(state["coverage"])
        self.performance.restore(state["performance"])
        self.episodes.restore(state["episodes"])
        self._first_ts = state["rate"][1]
        if self._settings.run_seconds and state["rate"][0]:
            self._run_length = state["rate"][0]
        self._inherited = dict(state["inherited"])
        for name, saved in state["spreads"].items():
            self._spreads[name] = Spread()
            self._spreads[name].restore(saved)
        for name, saved in state["candidates"].items():
            self._candidate(name).restore(saved)
        for name, saved in state["signals"].items():
            self._signal(name).restore(saved)
        self._share_out()

    def _columns(self, batch: Sequence[tuple[int, Prediction]]) -> list[Detection]:
        index, ts = positions([at for at, _ in batch], [prediction.ts for _, prediction in batch])
        predictions = [prediction for _, prediction in batch]
        self.predictions += len(batch)
        self.coverage.predicted([prediction.ts for prediction in predictions])
        self.last_seen = int(index[-1])
        detections = self._feed("prediction", self._predicted([p.y_pred for p in predictions]), index, ts)
        scores = optional_column([p.score for p in predictions])
        if scores is not None:
            detections += self._feed("score", scores, index, ts)
        columns = feature_columns([p.features for p in predictions], list(self.features))
        for name, column in columns.items():
            counts = self.features[name]
            is_settled = counts.type is None and counts.decide(column, self._settings.warmup)
            if is_settled:
                self._settle(name)
            counts.add(column)
            if is_settled and counts.violations:
                self._warn(name, counts)
            counts.last_seen = _last_seen(name, column, batch, counts.last_seen)
            detections += self._feed(f"missing:{name}", column.missing, index, ts)
            detections += self._feature(name, column, index, ts)
        return detections

    def _predicted(self, predictions: Sequence[Target]) -> Floats:
        if self._settings.task == "regression":
            return number_column(predictions)
        categories = self._signal("prediction").categories
        assert categories is not None
        return categories.column(predictions)

    def _feature(self, name: str, column: FeatureColumn, index: Ints, ts: Floats) -> list[Detection]:
        """Feed a feature as what it is; while that is open, as both."""
        counts = self.features[name]
        detections: list[Detection] = []
        if counts.type != "categorical":
            numbers = Column(column.values, index, ts).finite()
            if len(numbers.values):
                detections += self._signal(f"feature:{name}").update(numbers)
                if self._is_watched(f"spread:{name}"):
                    distances = self._spreads.setdefault(name, Spread()).column(numbers)
                    detections += self._signal(f"spread:{name}").update(distances)
        if counts.type == "categorical" or (counts.type is None and column.text):
            found = self.signals[f"feature:{name}"] if counts.type else self._candidate(name)
            values = category_values(column.raw, only_text=not counts.is_given)
            assert found.categories is not None
            detections += found.update(Column(found.categories.column(values), index, ts).finite())
        return detections

    def _settle(self, name: str) -> None:
        """A feature's type is known now: what watched it as the other is dropped."""
        counts = self.features[name]
        if counts.type == "categorical":
            self.signals[f"feature:{name}"] = self._candidate(name)
            self.signals.pop(f"spread:{name}", None)
            self._spreads.pop(name, None)
        self._candidates.pop(name, None)

    def _warn(self, name: str, counts: FeatureCounts) -> None:
        logger.warning(
            "feature %s of %s/%s is taken for %s: of its first values %d were numbers, %d text, %d neither; "
            "--feature-type can say otherwise",
            *(name, *self.key, counts.type, counts.numeric, counts.text, counts.other),
        )

    def _is_watched(self, signal: str) -> bool:
        return bool(select(self._settings.specs, signal))

    def _until_rate(self) -> int:
        """How many predictions may be taken until the rate is measured, if it is yet to be."""
        wanted = max(self._settings.warmup, 2) - self.predictions
        return wanted if self._settings.run_seconds and wanted > 0 else sys.maxsize

    def _take_rate(self, batch: Sequence[tuple[int, Prediction]]) -> None:
        """Turn a run length in time into one in predictions, by the rate of the warm-up."""
        seconds, ts = self._settings.run_seconds, batch[-1][1].ts
        if not seconds or self.predictions > max(self._settings.warmup, 2) or ts is None:
            return
        self._first_ts = batch[0][1].ts if self._first_ts is None else self._first_ts
        if self.predictions < max(self._settings.warmup, 2) or self._first_ts is None:
            return
        rate = (self.predictions - 1) / max(ts - self._first_ts, 1e-6)
        self._run_length = max(seconds * rate, SHORTEST_RUN)
        logger.info("%.4g predictions/s of %s/%s: one false alarm in %.4g", rate, *self.key, self._run_length)
        self._share_out()

    def _share_out(self) -> None:
        """Tell every signal its part of the budget."""
        lengths = self._budget.run_lengths(self.signals, self.features)
        for name, signal in self.signals.items():
            signal.allow(lengths[name] * self._run_length)

    def _admit(self, batch: Sequence[tuple[int, Prediction]]) -> int:
        """Make room for new features; how many predictions may be taken before the next one that brings some."""
        known = self.features.keys()
        seen: tuple[str, ...] = ()
        for count, (_, prediction) in enumerate(batch):
            features = prediction.features
            names = tuple(features)
            if names == seen or features.keys() <= known:
                seen = names
                continue
            new = [name for name in features if name not in known and len(name) <= LONGEST_NAME]
            taken = new
            if len(features) > self._settings.max_features:
                # A record that is itself over the bound may fill free room, but retires nothing.
                taken = new[: max(self._settings.max_features - len(known), 0)]
            if taken and count:
                return count
            self.features_ignored += len(new) - len(taken)
            self._add_features(taken, keep=features.keys())
        return len(batch)

    def _add_features(self, new: Sequence[str], keep: AbstractSet[str]) -> None:
        surplus = len(self.features) + len(new) - self._settings.max_features
        if surplus > 0:
            idle = sorted((c.last_seen, name) for name, c in self.features.items() if name not in keep)
            for _, name in idle[:surplus]:
                self._retire(name)
        if not self.features and new and self._settings.profile:
            self._compare(new, self._settings.profile)
        for name in new:
            given = self._settings.feature_types.get(name)
            if given is None and self._settings.profile:
                given = self._settings.profile.feature_type(name)
            self.features[name] = FeatureCounts(type=given, is_given=given is not None)
            self._take_over(name)
            if given == "categorical" and f"feature:{name}" not in self.signals:
                self.signals[f"feature:{name}"] = self._candidate(name)
                del self._candidates[name]
        if new:
            self._share_out()

    def _compare(self, features: Sequence[str], profile: Profile) -> None:
        """Say so when the first features are not those of the profile."""
        try:
            profile.check_features(features)
        except ConfigError as error:
            logger.warning("%s/%s: %s", *self.key, error)

    def _take_over(self, name: str) -> None:
        """A feature that the version before this one had: go on with it."""
        known = self._inherited.pop(name, None)
        if known is None:
            return
        counts = self.features[name]
        if not counts.is_given:
            counts.type = known["type"]
        if counts.type == "categorical":
            self.signals[f"feature:{name}"] = self._candidate(name)
            del self._candidates[name]
        for signal, state in known["signals"].items():
            self._signal(signal).restore(state)
        if "candidate" in known:
            self._candidate(name).restore(known["candidate"])
        if known["spread"] is not None:
            self._spreads[name] = Spread()
            self._spreads[name].restore(known["spread"])

    def _retire(self, name: str) -> None:
        del self.features[name]
        self._candidates.pop(name, None)
        self._spreads.pop(name, None)
        for prefix in FEATURE_PREFIXES:
            self.signals.pop(f"{prefix}{name}", None)
        self._retired("feature", f"{self.key.model}/{self.key.version}/{name}")

    def _feed(self, name: str, values: Floats, index: Ints, ts: Floats) -> list[Detection]:
        column = Column(values, index, ts).finite()
        if name not in self.signals and not len(column.values):
            return []
        return self._signal(name).update(column)

    def _signal(self, name: str) -> SignalMonitor:
        """The monitor of a signal, made when its first value comes."""
        signal = self.signals.get(name)
        if signal is None:
            feature = name.partition(":")[2]
            if (
                name.startswith("feature:")
                and feature in self.features
                and self.features[feature].type == "categorical"
            ):
                signal = self._make(name, "category")
            else:
                signal = self._make(name, self._kind(name))
            self.signals[name] = signal
        return signal

    def _candidate(self, name: str) -> SignalMonitor:
        """What watches a feature as text."""
        if name not in self._candidates:
            self._candidates[name] = self._make(f"feature:{name}", "category")
        return self._candidates[name]

    def _kind(self, name: str) -> ColumnKind:
        is_class = self._settings.task == "classification"
        if name.startswith("missing:") or (name == "error" and is_class):
            return "share"
        return "category" if name == "prediction" and is_class else "number"

    def _make(self, name: str, kind: ColumnKind) -> SignalMonitor:
        settings, profile = self._settings, self._settings.profile
        terms = SignalTerms(
            warmup_of(name, settings.warmup),
            settings.rearm_after,
            settings.seasonality,
            profile.autocorrelation_time(name) if profile else 1.0,
        )
        run_length = self._budget.run_length(name, self.features) * self._run_length
        return SignalMonitor(
            self.key,
            name,
            kind,
            select(settings.specs, name),
            terms,
            run_length,
            profile.reference(name) if profile else None,
            Categories() if kind == "category" else None,
            self._observer.take_signal if self._observer else None,
        )


def _last_seen(name: str, column: FeatureColumn, batch: Sequence[tuple[int, Prediction]], before: int) -> int:
    """Position of the newest prediction that carries the feature at all; ``before`` if none does."""
    if not column.missing[-1]:
        return batch[-1][0]
    return next((at for at, prediction in reversed(batch) if name in prediction.features), before)


class Fleet:
    """All model versions that are followed, at most ``max_models`` with ``max_versions`` each."""

    def __init__(self, settings: MonitorSettings, observer: Observer | None = None) -> None:
        self._settings, self._observer = settings, observer
        self.monitors: dict[ModelVersion, Monitor] = {}
        self.retired = {"model": 0, "version": 0, "feature": 0}
        self.recent: deque[Detection] = deque(maxlen=RECENT_DETECTIONS)
        self._times = EventTimes()
        #: Outcomes whose model version had been retired before the label came.
        self.outcomes_retired = 0

    def take(
        self, predictions: Sequence[tuple[int, Prediction]], outcomes: Sequence[tuple[int, Outcome]]
    ) -> list[Detection]:
        """Take a batch: predictions with their positions, outcomes with that of the prediction that comes next.

        The detections are in the order of the stream, and nothing depends on where it was cut: whoever is retired by
        a prediction has had the outcomes before it.
        """
        detections: list[Detection] = []
        while predictions or outcomes:
            begin = predictions[0][0] if predictions else math.inf
            before = bisect_right(outcomes, begin, key=_first)
            detections += self._take((), outcomes[:before])
            outcomes = outcomes[before:]
            count = self._until_new(predictions)
            until = predictions[count][0] if count < len(predictions) else math.inf
            due = bisect_right(outcomes, until, key=_first)
            detections += self._take(predictions[:count], outcomes[:due])
            predictions, outcomes = predictions[count:], outcomes[due:]
        self.recent.extend(detections)
        return detections

    def _until_new(self, predictions: Sequence[tuple[int, Prediction]]) -> int:
        """How many may be taken until the next that brings a new version, which comes first in its batch."""
        monitors = self.monitors
        if predictions and predictions[0][1].key not in monitors:
            return 1
        if {one.key for _, one in predictions} <= monitors.keys():
            return len(predictions)
        return next(at for at, (_, one) in enumerate(predictions) if one.key not in monitors)

    def _take(
        self, predictions: Sequence[tuple[int, Prediction]], outcomes: Sequence[tuple[int, Outcome]]
    ) -> list[Detection]:
        self._times.add([at for at, _ in predictions], [one.ts for _, one in predictions])
        raised = [((found.index + 1, 0, 0), found) for found in self.predict(predictions)]
        if errors := self.resolve([outcome for _, outcome in outcomes]):
            places = {(*one.key, one.index): (at, 1, number) for number, (at, one) in enumerate(outcomes)}
            raised += [(places[found.model, found.version, found.index], found) for found in errors]
        raised.sort(key=lambda each: (each[0], each[1].signal, each[1].detector))
        return [self._in_episode(self._timed(found, place[0])) for place, found in raised]

    def _timed(self, found: Detection, before: int) -> Detection:
        """With the time of the estimated change, by what was known before the prediction at this position."""
        changed = found.changed_index
        return found if changed is None else found._replace(changed_ts=self._times.at(changed, before))

    def _in_episode(self, found: Detection) -> Detection:
        monitor = self.monitors.get(ModelVersion(found.model, found.version))
        return monitor.episodes.add(found) if monitor else found

    def predict(self, batch: Sequence[tuple[int, Prediction]]) -> list[Detection]:
        """Hand predictions, with their positions, to their monitors."""
        if batch and len({one.key for _, one in batch}) == 1 and batch[0][1].key in self.monitors:
            return self.monitors[batch[0][1].key].predict(batch)
        detections: list[Detection] = []
        groups: dict[ModelVersion, list[tuple[int, Prediction]]] = {}
        for entry in batch:
            key = entry[1].key
            group = groups.get(key)
            if group is None:
                if key not in self.monitors:
                    # Whoever is retired now has had all that came before.
                    detections += self._predict_groups(groups)
                    groups = {}
                    self._admit(key)
                group = groups[key] = []
            group.append(entry)
        return detections + self._predict_groups(groups)

    def resolve(self, outcomes: Sequence[Outcome]) -> list[Detection]:
        """Hand outcomes to their monitors."""
        keys = {outcome.key for outcome in outcomes}
        groups: dict[ModelVersion, list[Outcome]] = {}
        if len(keys) == 1:
            groups[keys.pop()] = list(outcomes)
        else:
            for outcome in outcomes:
                groups.setdefault(outcome.key, []).append(outcome)
        detections: list[Detection] = []
        for key, group in groups.items():
            if key in self.monitors:
                detections += self.monitors[key].resolve(group)
            else:
                self.outcomes_retired += len(group)
        return detections

    def expect(self, key: ModelVersion) -> None:
        """Predictions of this version wait here though none was taken: follow it, where there is room."""
        if key in self.monitors:
            return
        models = {monitor.key.model for monitor in self.monitors.values()} | {key.model}
        if len(models) <= self._settings.max_models and len(self._of(key.model)) < self._settings.max_versions:
            self._admit(key)

    def advance(self, clock: float) -> None:
        """Tell all monitors the latest event time."""
        for monitor in self.monitors.values():
            monitor.coverage.advance(clock)

    @property
    def lasting_settings(self) -> dict[str, Any]:
        """The settings without which a saved state means nothing."""
        return {"task": self._settings.task, "warmup": self._settings.warmup}

    def state(self) -> dict[str, Any]:
        return {
            "monitors": [monitor.state() for monitor in self.monitors.values()],
            "retired": self.retired,
            "outcomes_retired": self.outcomes_retired,
            "recent": list(self.recent),
            "times": self._times.state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        for saved in state["monitors"]:
            key = ModelVersion(*saved["key"])
            self.monitors[key] = Monitor(key, self._settings, self._count_retired, self._observer)
            self.monitors[key].restore(saved)
        self.retired.update(state["retired"])
        self.outcomes_retired = state["outcomes_retired"]
        self.recent.extend(Detection(*saved) for saved in state["recent"])
        self._times.restore(state["times"])

    def _predict_groups(self, groups: dict[ModelVersion, list[tuple[int, Prediction]]]) -> list[Detection]:
        return [detection for key, group in groups.items() for detection in self.monitors[key].predict(group)]

    def _admit(self, key: ModelVersion) -> None:
        versions = [monitor for monitor in self.monitors.values() if monitor.key.model == key.model]
        models = {monitor.key.model for monitor in self.monitors.values()}
        while len(versions) >= self._settings.max_versions:
            oldest = min(versions, key=lambda monitor: monitor.last_seen)
            versions.remove(oldest)
            self._retire("version", [oldest])
        while key.model not in models and len(models) >= self._settings.max_models:
            idle = min(models, key=lambda model: max(m.last_seen for m in self._of(model)))
            models.remove(idle)
            self._retire("model", self._of(idle))
        others = self._of(key.model)
        self.monitors[key] = Monitor(key, self._settings, self._count_retired, self._observer)
        if others:
            self.monitors[key].inherit(max(others, key=lambda monitor: monitor.last_seen))

    def _of(self, model: str) -> list[Monitor]:
        return [monitor for monitor in self.monitors.values() if monitor.key.model == model]

    def _retire(self, what: str, monitors: Sequence[Monitor]) -> None:
        for monitor in monitors:
            del self.monitors[monitor.key]
        key = monitors[0].key
        self._count_retired(what, key.model if what == "model" else f"{key.model}/{key.version}")

    def _count_retired(self, what: str, name: str) -> None:
        self.retired[what] += 1
        count = self.retired[what]
        if count <= LOGGED_RETIREMENTS or count % 1000 == 0:
            logger.warning("retired the %s seen longest ago: %s (%d so far; see --max-%ss)", what, name, count, what)
