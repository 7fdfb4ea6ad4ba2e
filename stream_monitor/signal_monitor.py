"""One signal: its detectors, its newest values, and how far they are from its reference."""

from __future__ import annotations

import logging
import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from stream_monitor.categories import Categories
from stream_monitor.channel import SUM_SCALE, Channel, ChannelTerms, Found
from stream_monitor.detectors import ColumnKind, DetectorConfig, Floats
from stream_monitor.events import Detection, ModelVersion
from stream_monitor.feeds import REST, UNSEEN
from stream_monitor.floats import pack, unpack
from stream_monitor.measures.distance import Distance, categorical_distances, numeric_distances
from stream_monitor.reference import CategoricalReference, NumericReference
from stream_monitor.signals import Column, mean, since_change

logger = logging.getLogger(__name__)

#: Newest values of a signal that its exported mean and its distances are taken over.
MEAN_WINDOW = 1000
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
class SignalTerms:
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
        terms: SignalTerms,
        run_length: float = math.inf,
        reference: Reference | None = None,
        categories: Categories | None = None,
        show: Callable[[SignalMonitor, Column], None] | None = None,
    ) -> None:
        self.key, self.name, self.kind, self._terms = key, name, kind, terms
        #: Called with what was taken.
        self._show = show
        self._configs = {each: config for each, config in configs.items() if is_readable(config, kind)}
        self.categories = categories
        fits = isinstance(reference, NumericReference) == (kind == "number")
        self.reference = reference if fits else None
        channel = ChannelTerms(kind, terms.warmup, terms.time, terms.season, self.reference, categories)
        self.channels = {each: Channel(config, channel, run_length) for each, config in self._configs.items()}
        self.drifts = {each: DriftSummary() for each in self._configs}
        self._recent = np.empty(0)
        self._count = 0
        #: Event time of the detection that is still held up; NaN where that is not known, None while there is none.
        self.active_since: float | None = None
        self._active_from = 0

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
        self._latch(column, history, begin, [int(np.flatnonzero(column.index == found.at)[0]) for found, _ in raised])
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

    def _latch(self, column: Column, history: Floats, begin: int, hits: list[int]) -> None:
        """Hold an alarm up until the signal is near its reference again, or for the time that was set."""
        hits = sorted(hits)
        at = 0
        while True:
            look = (begin + at) // LOOK * LOOK + LOOK - begin
            hit = next((one for one in hits if at <= one < look), None)
            if hit is not None:
                self.active_since, self._active_from = float(column.ts[hit]), begin + hit
                at = hit + 1
                continue
            if look > len(column.values):
                return
            if self.active_since is not None:
                self._look(
                    float(column.ts[look - 1]), begin + look, history[: len(history) - len(column.values) + look]
                )
            at = look

    def _look(self, now: float, count: int, history: Floats) -> None:
        if self.active_since is not None and now - self.active_since >= self._terms.rearm_after:
            self.active_since = None
        elif count - self._active_from >= MEAN_WINDOW and self.reference is not None:
            distances = self._distances(history[-MEAN_WINDOW:]).values()
            if all(distance.value <= distance.threshold for distance in distances):
                self.active_since = None

    def _detection(self, each: str, found: Found, history: Floats) -> Detection:
        found = self._estimated(found, history)
        known = found.n_after > 0
        changed = (
            found.place - round((found.n_after - 1) * (found.place - found.since) / max(found.n - 1, 1))
            if known
            else None
        )
        if self.kind == "number":
            # Of a change further back, what came before the newest values stands for what came before it.
            found = found._replace(n_after=min(found.n_after, MEAN_WINDOW))
        before, after = self._means(found, history)
        ts = None if math.isnan(found.ts) else found.ts
        drift = self.drifts[each]
        drift.count += 1
        drift.effect = _effect(self.kind, found)
        drift.last_ts, drift.before, drift.after = ts, before, after
        return Detection(
            found.at,
            ts,
            *self.key,
            self.name,
            each,
            before,
            after,
            effect=drift.effect,
            changed_index=changed,
            n_before=found.n - found.n_after if known else 0,
            n_after=found.n_after,
            category=self._category(found.category),
        )

    def _category(self, code: int | None) -> str | None:
        if code is None or self.categories is None:
            return None
        return {REST: "(rest)", UNSEEN: "(unseen)"}.get(code) or self.categories.name(code)

    def _estimated(self, found: Found, history: Floats) -> Found:
        """Where the detector does not tell the change point, the likeliest; its means are then of both its sides.

        Raw values can't tell it where a season was taken out of them.
        """
        if found.n_after or self.kind == "category" or found.levels:
            return found
        newest = _newest(found, history)
        older = found.n - len(newest)
        # What is older than the window tells the level before, or else all that there is.
        total = found.total - _scaled_sum(newest) if older >= len(newest) else found.total
        with np.errstate(over="ignore"):
            before = float(np.ldexp(total / max(older if older >= len(newest) else found.n, 1), -SUM_SCALE))
        n_after = min(since_change(newest, before), found.n - 1)
        if self.kind == "number" or not n_after:
            return found._replace(n_after=n_after)
        after = mean(newest[-n_after:])
        rest = math.ldexp(found.total - _scaled_sum(newest[-n_after:]), -SUM_SCALE) / (found.n - n_after)
        return found._replace(n_after=n_after, before=min(max(rest, 0.0), 1.0), after=after)

    def _means(self, found: Found, history: Floats) -> tuple[float, float]:
        """The means before and after, in the signal's own unit; of categories and shares, the shares."""
        if self.kind != "number":
            return found.before, found.after
        if found.levels:
            return found.levels
        after = mean(_newest(found, history)[-max(found.n_after, 1) :])
        rest = found.total - math.ldexp(after, SUM_SCALE) * found.n_after
        return math.ldexp(rest / max(found.n - found.n_after, 1), -SUM_SCALE), after

    def state(self) -> dict[str, Any]:
        return {
            "count": self._count,
            "recent": pack(self._recent),
            "categories": self.categories.state() if self.categories else None,
            "reference": self.reference.packed if self.reference else None,
            "active": [self.active_since, self._active_from],
            "drifts": {each: dict(vars(drift)) for each, drift in self.drifts.items()},
            "channels": {each: channel.state() for each, channel in self.channels.items()},
        }

    def passed_on(self) -> dict[str, Any]:
        """The state as another version of the model takes it up: what was raised stays here."""
        return {**self.state(), "active": [None, 0], "drifts": {}}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up a state; a detector whose parameters have changed starts anew."""
        self._count, self._recent = state["count"], unpack(state["recent"])
        if self.categories:
            self.categories.restore(state["categories"])
        if state["reference"] and self.reference is None:
            kind = NumericReference if self.kind == "number" else CategoricalReference
            self.reference = kind.unpacked(state["reference"])
        self.active_since, self._active_from = state["active"]
        for each, channel in self.channels.items():
            saved = state["channels"].get(each)
            if each in state["drifts"]:
                self.drifts[each] = DriftSummary.restored(state["drifts"][each])
            if saved and saved["config"] == self._configs[each].model_dump():
                channel.restore(saved)
            else:
                logger.warning("%s on %s of %s/%s starts anew: it is new or was changed", each, self.name, *self.key)


def _newest(found: Found, history: Floats) -> Floats:
    """The newest values up to the one at which a change was raised, of those since the detector's start."""
    until = len(history) - found.newer
    return history[max(until - min(MEAN_WINDOW, found.n), 0) : max(until, 0)]


def _scaled_sum(values: Floats) -> float:
    return float(np.ldexp(values, SUM_SCALE).sum())


def is_readable(config: DetectorConfig, kind: ColumnKind) -> bool:
    """Whether a detector can watch a signal of this kind; of categories it may watch the share of the first."""
    return kind in config.takes or (kind == "category" and "share" in config.takes)


def _effect(kind: ColumnKind, found: Found) -> float:
    """How large a change is: Cohen's d of normal scores; of shares Cohen's h.

    Source: J. Cohen, "Statistical Power Analysis for the Behavioral Sciences", 2nd edition 1988, pp. 20 and 180.
    """
    if kind == "number":
        return abs(found.after - found.before)
    angles = [2.0 * math.asin(math.sqrt(min(max(share, 0.0), 1.0))) for share in (found.before, found.after)]
    return abs(angles[1] - angles[0])
