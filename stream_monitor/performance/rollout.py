"""The versions of one model side by side: the champion, and each other version as its challenger."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile
from operator import itemgetter
from typing import Any

import numpy as np

from stream_monitor.core.arrays import Floats, Ints, optional
from stream_monitor.core.events import Task
from stream_monitor.core.outcome_batch import OutcomeBatch
from stream_monitor.core.sequences import take
from stream_monitor.performance.comparison import (
    Comparison,
    ComparisonResult,
    Design,
    ScoredOutcomes,
    Verdict,
    wrong_level,
)
from stream_monitor.performance.rollout_result import RolloutResult, VersionResult, unseen_champion
from stream_monitor.performance.version_event import VersionEvent
from stream_monitor.performance.version_traffic import BLOCK, VersionTraffic
from stream_monitor.stats.split_test import split_p_value

logger = logging.getLogger(__name__)

#: Share of the traffic at which a version becomes the champion, where none is given: its rollout is complete.
PROMOTION_SHARE = 0.9


@dataclass(frozen=True)
class RolloutSettings:
    """The settings of the comparison of versions.

    Attributes:
        task: The kind of model.
        champions: The champion by model; under an empty name, that of every other model.
        design: How versions share the events; None: found by the ids.
        split: The declared share of the traffic by version; empty if none is declared.
    """

    task: Task = "classification"
    champions: Mapping[str, str] = field(default_factory=dict)
    design: Design | None = None
    split: Mapping[str, float] = field(default_factory=dict)

    def champion(self, model: str) -> str | None:
        """Return the champion that is given for a model, None for one that is found by its traffic."""
        return self.champions.get(model, self.champions.get(""))


@dataclass(frozen=True, slots=True)
class Predicted:
    """Predictions of one model.

    Attributes:
        versions: Names of versions.
        which: For each prediction the position of its version among them, shape (n,).
        index: Positions in the stream, shape (n,).
        ts: Event times in seconds, NaN where unknown, shape (n,).
    """

    versions: Sequence[str]
    which: Ints
    index: Ints
    ts: Floats

    def take(self, rows: slice) -> Predicted:
        """Return some of the predictions."""
        return replace(self, which=self.which[rows], index=self.index[rows], ts=self.ts[rows])


class Rollout:
    """Compares the versions of one model.

    Where no champion is given, it is the version that was seen first, until another one has nine tenths of 1,000
    predictions. A new champion is compared anew. The chance of a wrong verdict is shared out over all comparisons of
    the model, in the order in which they begin.

    Attributes:
        champion: The champion, None before the first prediction.
        events: What has happened to versions since they were last taken.
    """

    def __init__(self, model: str, settings: RolloutSettings) -> None:
        self._model, self._settings = model, settings
        self._given = settings.champion(model)
        self.champion = self._given
        self._traffic = VersionTraffic()
        self._comparisons: dict[str, Comparison] = {}
        self._begun = 0
        self._is_warned = False
        self.events: list[VersionEvent] = []

    @property
    def versions(self) -> Collection[str]:
        """The versions seen."""
        return self._traffic.seen.keys()

    def update(self, predicted: Predicted, outcomes: OutcomeBatch) -> None:
        """Update with the next predictions and outcomes of the model, in the order that ``before`` tells."""
        while len(predicted.which):
            if self.champion is None:
                outcomes = self._crown(predicted.versions[predicted.which[0]], predicted, 0, outcomes)
            part = predicted.take(slice(self._traffic.room))
            self._note_new(part)
            is_complete = self._traffic.add(part.versions, part.which, part.ts)
            if is_complete:
                self._warn()
            leader = self._traffic.leader(PROMOTION_SHARE) if is_complete and self._given is None else None
            if leader not in (None, self.champion):
                outcomes = self._crown(leader, part, -1, outcomes)
            predicted = predicted.take(slice(len(part.which), None))
        self._compare(outcomes)

    def _warn(self) -> None:
        """Log once that the champion was not seen."""
        message = unseen_champion(self._model, self._given, self.versions)
        if message and not self._is_warned:
            logger.warning("%s", message)
        self._is_warned = True

    def _note_new(self, predicted: Predicted) -> None:
        """Note the first sight of each version that was not seen before."""
        for code, row in zip(*np.unique(predicted.which, return_index=True), strict=True):
            version = predicted.versions[code]
            if version not in self.versions:
                place = int(predicted.index[row]), optional(float(predicted.ts[row]))
                event = VersionEvent("version_first_seen", self._model, version, self.champion, None, *place)
                self.events.append(event)

    def _crown(self, version: str | None, predicted: Predicted, row: int, outcomes: OutcomeBatch) -> OutcomeBatch:
        """Make a version the champion at this prediction; return the outcomes from there on."""
        count = int(np.searchsorted(outcomes.before, predicted.index[row], "right"))
        self._compare(outcomes.take(slice(count)))
        if version and self.champion is not None:
            place = int(predicted.index[row]), optional(float(predicted.ts[row]))
            reason = f"it has nine tenths of the newest {BLOCK:,} predictions"
            self.events.append(VersionEvent("promotion", self._model, version, version, reason, *place))
        self.champion, self._comparisons = version, {}
        return outcomes.take(slice(count, None))

    def _compare(self, outcomes: OutcomeBatch) -> None:
        """Compare the outcomes of each challenger with those of the champion."""
        if self.champion is None or not len(outcomes):
            return
        names = [key.version for key in outcomes.keys]
        codes, first = np.unique(outcomes.which, return_index=True)
        for code in codes[np.argsort(first)].tolist():
            self._begin(names[code])
        if not self._comparisons:
            return
        scores, verdicts = _scores(outcomes, self._settings.task), []
        for name in self._comparisons:
            sides = np.array([1 if each == name else 0 if each == self.champion else -1 for each in names])
            verdicts += self._challenge(name, outcomes, scores, sides[outcomes.which])
        for _, challenger, verdict, count in sorted(verdicts, key=itemgetter(0)):
            self._note_verdict(challenger, verdict, count)

    def _begin(self, version: str) -> None:
        """Begin the comparison of a version that has its first outcome, unless it is the champion."""
        if version != self.champion and version not in self._comparisons:
            self._begun += 1
            self._comparisons[version] = Comparison(self._settings.design, wrong_level(self._begun))

    def _challenge(
        self, challenger: str, outcomes: OutcomeBatch, scores: Floats, sides: Ints
    ) -> list[tuple[int, str, Verdict, int]]:
        """Update one comparison, which begins with the challenger's first outcome.

        Args:
            challenger: The version.
            outcomes: Outcomes of the model.
            scores: Their scores, shape (n,).
            sides: 1 for one of the challenger, 0 for one of the champion, -1 for any other, shape (n,).

        Returns:
            Of each verdict that was reached the outcome, the challenger, and the number of outcomes compared.
        """
        rows, comparison = np.flatnonzero(sides >= 0), self._comparisons[challenger]
        if not comparison.outcomes:
            rows = rows[np.argmax(sides[rows] == 1) :]
        if not len(rows):
            return []
        before = comparison.outcomes
        reached = comparison.update(ScoredOutcomes(take(outcomes.ids, rows), sides[rows] == 1, scores[rows]))
        return [(int(rows[count - before - 1]), challenger, verdict, count) for verdict, count in reached]

    def _note_verdict(self, challenger: str, verdict: Verdict, outcomes: int) -> None:
        """Note a verdict, and the version that is to be rolled back by it."""
        reason = f"{challenger} is {verdict} than {self.champion}, after {outcomes:,} outcomes"
        favoured = challenger if verdict == "better" else self.champion
        event = VersionEvent("verdict", self._model, challenger, self.champion, reason, favoured=favoured)
        self.events.append(event)
        worse = challenger if verdict == "worse" else self.champion
        if worse and (verdict == "worse" or challenger in self._before(worse)):
            self.events.append(VersionEvent("rollback_recommended", self._model, worse, self.champion, reason))

    def _before(self, version: str) -> list[str]:
        """Return the versions that were seen before this one."""
        return list(takewhile(lambda other: other != version, self.versions))

    def retain(self, versions: Collection[str]) -> None:
        """Drop all versions but these: they are not followed any more."""
        self._traffic.retain(versions)
        self._comparisons = {name: each for name, each in self._comparisons.items() if name in versions}
        if self._given is None and self.champion not in versions:
            self.champion, self._comparisons = None, {}

    def result(self) -> RolloutResult:
        """Return the versions with their comparisons, as they are now."""
        shares, seen = self._traffic.shares(), self._traffic.seen
        compared = {name: each.result() for name, each in self._comparisons.items() if self.champion in seen}
        versions = [
            VersionResult(
                version=name,
                predictions=each.predictions,
                share=shares[name],
                first_ts=each.first_ts,
                last_ts=each.last_ts,
                comparison=compared.get(name),
                is_worse=self._is_worse(name, compared),
            )
            for name, each in seen.items()
        ]
        measure = "cliffs_delta" if self._settings.task == "regression" else "accuracy"
        is_given, p_value = self._given is not None, self._split_p_value()
        return RolloutResult(self._model, measure, self.champion, is_given, versions, p_value)

    def _is_worse(self, version: str, compared: Mapping[str, ComparisonResult]) -> bool:
        if version != self.champion:
            return version in compared and compared[version].verdict == "worse"
        return any(compared[other].verdict == "better" for other in self._before(version) if other in compared)

    def _split_p_value(self) -> float | None:
        split = self._settings.split
        seen = {name: each.predictions for name, each in self._traffic.seen.items() if name in split}
        return split_p_value([seen.get(name, 0) for name in split], list(split.values())) if seen else None

    def state(self) -> dict[str, Any]:
        return {
            "champion": self.champion,
            "traffic": self._traffic.state(),
            "begun": self._begun,
            "comparisons": [[name, each.state()] for name, each in self._comparisons.items()],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore a state; with another champion by now, all versions are compared anew."""
        self._traffic.restore(state["traffic"])
        self._begun = state["begun"]
        if self._given not in (None, state["champion"]):
            reason = f"--champion; before it was {state['champion']}"
            self.events.append(VersionEvent("promotion", self._model, str(self._given), self._given, reason))
            return
        self.champion = state["champion"]
        for name, saved in state["comparisons"]:
            self._comparisons[name] = Comparison(self._settings.design)
            self._comparisons[name].restore(saved)


def _scores(outcomes: OutcomeBatch, task: Task) -> Floats:
    """Return 1 for a prediction that is right, else 0; of a regression the absolute residual with a minus."""
    if task == "regression":
        residuals = np.array(outcomes.y_true, np.float64) - np.array(outcomes.y_pred, np.float64)
        return -np.abs(residuals)
    return np.array([one == other for one, other in zip(outcomes.y_true, outcomes.y_pred, strict=True)], np.float64)
