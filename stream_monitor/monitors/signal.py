"""One signal: its detectors, its newest values, and how far they are from its reference."""

from __future__ import annotations

import logging
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from stream_monitor.core.arrays import ColumnKind, Floats, pack, unpack
from stream_monitor.core.events import Detection, ModelVersion
from stream_monitor.detectors import DetectorConfig
from stream_monitor.drift.change import MEAN_WINDOW, Found, describe
from stream_monitor.drift.runner import DetectorRunner, RunnerContext
from stream_monitor.drift.transforms import REST, UNSEEN
from stream_monitor.signals.columns import Column
from stream_monitor.signals.encoder import CategoryEncoder
from stream_monitor.stats.distances import Distance, categorical_distances, numeric_distances
from stream_monitor.stats.moments import mean
from stream_monitor.stats.reference import CategoricalReference, NumericReference

logger = logging.getLogger(__name__)

#: Values between two looks at whether an alarm may be armed again.
LOOK = 500
#: First values that become the reference where nothing else is known and nothing is warmed up.
FIRST = 500
Reference = NumericReference | CategoricalReference


@dataclass
class DriftSummary:
    """What is known of one detector on one signal."""

    count: int = 0
    last_ts: float | None = None
    before: float = math.nan
    after: float = math.nan
    effect: float | None = None

    @classmethod
    def restored(cls, state: Mapping[str, Any]) -> DriftSummary:
        """As saved; JSON has null for NaN."""
        means = {name: math.nan if state[name] is None else state[name] for name in ("before", "after")}
        return cls(state["count"], state["last_ts"], **means, effect=state["effect"])


@dataclass(frozen=True)
class SignalContext:
    """What a signal is watched under. ``rearm_after`` is in seconds of event time, ``season`` a period in seconds."""

    warmup: int = 500
    rearm_after: float = 86_400.0
    season: float | None = 0.0
    time: float = 1.0


class SignalMonitor:
    """One signal: its detectors, its newest values, and its reference, which stays as it was."""

    def __init__(
        self,
        key: ModelVersion,
        name: str,
        kind: ColumnKind,
        configs: Mapping[str, DetectorConfig],
        terms: SignalContext,
        run_length: float = math.inf,
        reference: Reference | None = None,
        categories: CategoryEncoder | None = None,
        show: Callable[[SignalMonitor, Column], None] | None = None,
    ) -> None:
        self.key, self.name, self.kind, self._terms = key, name, kind, terms
        #: Called with what was taken.
        self._show = show
        self._configs = {each: config for each, config in configs.items() if is_readable(config, kind)}
        self.categories = categories
        fits = isinstance(reference, NumericReference) == (kind == "number")
        self.reference = reference if fits else None
        channel = RunnerContext(kind, terms.warmup, terms.time, terms.season, self.reference, categories)
        self.channels = {each: DetectorRunner(config, channel, run_length) for each, config in self._configs.items()}
        self.drifts = {each: DriftSummary() for each in self._configs}
        self._recent = np.empty(0)
        self._count = 0
        #: Event time of the detection that is still held up; NaN where that is not known, None while there is none.
        self.active_since: float | None = None
        self._active_from = 0
        #: Of a share that is held up: what it was before it drifted, and after.
        self._drifted: tuple[float, float] | None = None

    def allow(self, run_length: float) -> None:
        """Each detector may raise one false alarm in so many values."""
        for channel in self.channels.values():
            channel.allow(run_length)

    def update(self, column: Column) -> list[Detection]:
        """Feed the next finite values; give the drifts found in them."""
        if not len(column.values):
            return []
        history = np.concatenate((self._recent, column.values))
        begin = self._count
        self._count += len(column.values)
        self._learn(history)
        raised = [(found, each) for each, channel in self.channels.items() for found in channel.update(column)]
        detections = [self._detection(each, found, history) for found, each in raised]
        self._latch(column, history, begin, detections)
        self._recent = history[-max(MEAN_WINDOW, self._warmup) :]
        if self._show:
            self._show(self, column)
        return detections

    @property
    def recent(self) -> Floats:
        """The newest values, in the signal's own unit, at most 1,000: shape (n,)."""
        return self._recent[-MEAN_WINDOW:]

    @property
    def mean(self) -> float:
        """Mean of the newest values, in the signal's own unit; NaN before the first, and of categories."""
        return math.nan if self.kind == "category" else mean(self.recent)

    @property
    def block_length(self) -> int:
        """The longest block that a detector is fed the means of."""
        return max((channel.dependence.block for channel in self.channels.values()), default=1)

    @property
    def effective_samples(self) -> float:
        """Independent values that the detector which knows most has seen since it started."""
        return max((channel.effective_samples for channel in self.channels.values()), default=0.0)

    @property
    def waits_for_season(self) -> bool:
        """Whether no detector is fed yet, since no whole period has passed."""
        return bool(self.channels) and all(channel.waits_for_season for channel in self.channels.values())

    def distances(self) -> dict[str, Distance]:
        """How far the newest values are from the reference, by measure; none before both are there."""
        return self._distances(self.recent) if len(self.recent) >= min(self._warmup, MEAN_WINDOW) else {}

    @property
    def _warmup(self) -> int:
        return self._terms.warmup or FIRST

    def _distances(self, window: Floats) -> dict[str, Distance]:
        if isinstance(self.reference, NumericReference):
            return numeric_distances(self.reference, window, self._time)
        if isinstance(self.reference, CategoricalReference):
            return categorical_distances(self.reference, self._names(window), self._time)
        return {}

    @property
    def _time(self) -> float:
        """Values that are worth one independent one, as far as a detector has learned."""
        return max((channel.dependence.time for channel in self.channels.values()), default=1.0)

    def _names(self, values: Floats) -> Counter[str]:
        codes, counts = np.unique(values, return_counts=True)
        return Counter(dict(zip(map(self._name_of, codes.tolist()), counts.tolist(), strict=True)))

    def _name_of(self, code: float) -> str:
        return self.categories.name(int(code)) if self.categories else f"{code:g}"

    def _learn(self, history: Floats) -> None:
        """Where no profile told it, the first values are the reference."""
        if self.reference is not None or self._count < self._warmup:
            return
        first = history[len(history) - self._count :][: self._warmup]
        if self.kind == "number":
            self.reference = NumericReference.learn(first)
        else:
            self.reference = CategoricalReference.learn([self._name_of(code) for code in first.tolist()])

    def _latch(self, column: Column, history: Floats, begin: int, raised: Sequence[Detection]) -> None:
        """Hold an alarm up until the signal is near its reference again, or for the time that was set."""
        hits = sorted((int(np.flatnonzero(column.index == one.index)[0]), one.before, one.after) for one in raised)
        at = 0
        while True:
            look = (begin + at) // LOOK * LOOK + LOOK - begin
            hit = next((one for one in hits if at <= one[0] < look), None)
            if hit is not None:
                self.active_since, self._active_from = float(column.ts[hit[0]]), begin + hit[0]
                self._hold(*hit[1:])
                at = hit[0] + 1
                continue
            if look > len(column.values):
                return
            if self.active_since is not None:
                self._look(
                    float(column.ts[look - 1]), begin + look, history[: len(history) - len(column.values) + look]
                )
            at = look

    def _hold(self, before: float, after: float) -> None:
        """Of a share, remember the first drift away from its reference: distances may be too coarse to tell it."""
        if self.kind == "share" and self._drifted is None and isinstance(self.reference, CategoricalReference):
            usual = self.reference.share("1")
            if abs(after - usual) > abs(before - usual):
                self._drifted = before, after

    def _look(self, now: float, count: int, history: Floats) -> None:
        is_over = self.active_since is not None and now - self.active_since >= self._terms.rearm_after
        if is_over or (count - self._active_from >= MEAN_WINDOW and self._is_back(history[-MEAN_WINDOW:])):
            self.active_since = self._drifted = None

    def _is_back(self, window: Floats) -> bool:
        """Whether the newest values are near the reference, and a share nearer to what it was before it drifted."""
        if self.reference is None:
            return False
        before, after = self._drifted or (0.0, 0.0)
        is_nearer = abs(mean(window) - before) <= abs(mean(window) - after)
        return is_nearer and all(each.value <= each.threshold for each in self._distances(window).values())

    def _detection(self, each: str, found: Found, history: Floats) -> Detection:
        change = describe(found, history, self.kind)
        ts = None if math.isnan(found.ts) else found.ts
        count = self.drifts[each].count + 1
        self.drifts[each] = DriftSummary(count, ts, change.before, change.after, change.effect)
        return Detection(
            found.at,
            ts,
            *self.key,
            self.name,
            each,
            change.before,
            change.after,
            effect=change.effect,
            changed_index=change.changed_index,
            n_before=change.n_before,
            n_after=change.n_after,
            category=self._category(found.category),
        )

    def _category(self, code: int | None) -> str | None:
        if code is None or self.categories is None:
            return None
        return {REST: "(rest)", UNSEEN: "(unseen)"}.get(code) or self.categories.name(code)

    def state(self) -> dict[str, Any]:
        return {
            "count": self._count,
            "recent": pack(self._recent),
            "categories": self.categories.state() if self.categories else None,
            "reference": self.reference.packed if self.reference else None,
            "active": [self.active_since, self._active_from, self._drifted],
            "drifts": {each: dict(vars(drift)) for each, drift in self.drifts.items()},
            "channels": {each: channel.state() for each, channel in self.channels.items()},
        }

    def warm_start_state(self) -> dict[str, Any]:
        """The state as another version of the model takes it up: what was raised stays here."""
        return {**self.state(), "active": [None, 0, None], "drifts": {}}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up a state; a detector whose parameters have changed starts anew."""
        self._count, self._recent = state["count"], unpack(state["recent"])
        if self.categories:
            self.categories.restore(state["categories"])
        if state["reference"] and self.reference is None:
            kind = NumericReference if self.kind == "number" else CategoricalReference
            self.reference = kind.unpacked(state["reference"])
        self.active_since, self._active_from, *drifted = state["active"]
        self._drifted = (drifted[0][0], drifted[0][1]) if drifted and drifted[0] else None
        for each, channel in self.channels.items():
            saved = state["channels"].get(each)
            if each in state["drifts"]:
                self.drifts[each] = DriftSummary.restored(state["drifts"][each])
            if saved and saved["config"] == self._configs[each].model_dump():
                channel.restore(saved)
            else:
                logger.warning("%s on %s of %s/%s starts anew: it is new or was changed", each, self.name, *self.key)


def is_readable(config: DetectorConfig, kind: ColumnKind) -> bool:
    """Whether a detector can watch a signal of this kind; of categories it may watch the share of the first."""
    return kind in config.takes or (kind == "category" and "share" in config.takes)
