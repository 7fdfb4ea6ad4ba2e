"""The gaps between groups as signals: ``gap:MEASURE:GROUP=VALUE``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from stream_monitor.core.arrays import Bools, ColumnKind, Floats, Ints
from stream_monitor.core.signal_names import GAP
from stream_monitor.monitors.paired_outcomes import PairedOutcomes
from stream_monitor.monitors.settings import MonitorSettings
from stream_monitor.monitors.signal import SignalMonitor
from stream_monitor.monitors.signal_set import SignalSet
from stream_monitor.performance.fairness import GroupOutcomes
from stream_monitor.performance.subgroup_codes import CODES, MISSING, OTHER, OTHER_NAME


class ComparedValue(NamedTuple):
    """A value of a group that is compared with all others.

    Attributes:
        group: The place of the group among all.
        code: The code of the value.
        name: ``GROUP=VALUE``.
        frequency: Its share among the outcomes when it was decided.
    """

    group: int
    code: int
    name: str
    frequency: float


class GapSignals:
    """Compares the outcomes of each value of a group with those of all others, in pairs.

    A pair is an outcome with the value and the newest other one. Where one of the two is wrong,
    ``gap:accuracy:...`` is 1 if it is the one with the value, else 0. Its mean is 1/2 where both are wrong equally
    often, whatever the frequency of the value, and it stays as it is when the odds of an error change by the same
    factor for all. With a positive class, the same for its labels (``true_positive_rate``) and for the others
    (``false_positive_rate``). Of a regression, ``gap:residual:...`` is the difference of the two residuals.

    A value has signals from its ``min_count``-th outcome on, but for the first of its group to have as many: with two
    values, their signals would tell the same. So the signals depend on the order of the outcomes alone.

    Source: Q. McNemar, "Note on the sampling error of the difference between correlated proportions or percentages",
    Psychometrika 12 (1947), pp. 153-157, compares two proportions by the pairs that differ.

    Args:
        signals: The signals of the model version; a signal is made with its first value.
    """

    def __init__(self, signals: SignalSet) -> None:
        self._signals = signals
        self._min_count = signals.settings.fairness.min_count
        self._kind: ColumnKind = "number" if signals.settings.task == "regression" else "share"
        self._groups = groups = list(signals.settings.fairness.paths)
        self._names = _measures(signals.settings)
        self._counts: Ints = np.zeros((len(groups), CODES), np.int64)
        self._values: list[ComparedValue] = []
        #: The code of the first value of each group with enough outcomes, None before.
        self._first: list[int | None] = [None] * len(groups)
        self._pairs: dict[str, PairedOutcomes] = {}

    def take(self, outcomes: GroupOutcomes) -> tuple[list[SignalMonitor], Floats, Bools]:
        """Return signals that have values, with their next values.

        Args:
            outcomes: The next outcomes.

        Returns:
            The signals, the values of each and a mask of them, shape (n, signals) each.
        """
        begins = [0] * len(self._values) + [row + 1 for row in self._find(outcomes)]
        size = len(outcomes.losses)
        found = [
            (f"{GAP}{measure}:{value.name}", *self._column(f"{measure}:{value.name}", value, rows, outcomes))
            for value, begin in zip(self._values, begins, strict=True)
            for measure, rows in self._measures(outcomes, begin)
        ]
        found = [each for each in found if len(each[1]) or each[0] in self._signals.by_name]
        values, is_there = np.zeros((size, len(found))), np.zeros((size, len(found)), bool)
        for column, (_, rows, some) in enumerate(found):
            values[rows, column], is_there[rows, column] = some, True
        return [self._signals.get(name, self._kind) for name, _, _ in found], values, is_there

    def _measures(self, outcomes: GroupOutcomes, begin: int) -> list[tuple[str, Ints]]:
        """Return the measures, each with the rows of the outcomes that it is about, from a row on."""
        rows = np.arange(begin, len(outcomes.losses))
        is_positive = outcomes.is_positive[begin:]
        parts = {"true_positive_rate": rows[is_positive], "false_positive_rate": rows[~is_positive]}
        return [(measure, parts.get(measure, rows)) for measure in self._names]

    def _column(self, name: str, value: ComparedValue, rows: Ints, outcomes: GroupOutcomes) -> tuple[Ints, Floats]:
        """Return the next values of a signal and their rows."""
        codes = outcomes.codes[rows, value.group]
        rows, codes = rows[codes != MISSING], codes[codes != MISSING]
        pairs = self._pairs.setdefault(name, PairedOutcomes()).take(codes == value.code, outcomes.losses[rows])
        at, apart = rows[pairs.rows], pairs.inside - pairs.outside
        if self._kind == "number":
            return at, apart
        differs = apart != 0.0
        return at[differs], (apart[differs] > 0.0).astype(np.float64)

    def _find(self, outcomes: GroupOutcomes) -> list[int]:
        """Add the values that have enough outcomes now; return the row of the outcome with which each has."""
        found: list[tuple[int, ComparedValue]] = []
        for group, name in enumerate(outcomes.names):
            codes, before = outcomes.codes[:, group], self._counts[group].copy()
            self._counts[group] += np.bincount(codes, minlength=CODES)
            enough = np.flatnonzero((before < self._min_count) & (self._counts[group] >= self._min_count))
            for code in enough[enough < MISSING].tolist():
                row = int(np.flatnonzero(codes == code)[self._min_count - 1 - before[code]])
                frequency = self._min_count / (int(before.sum()) + row + 1)
                shown = OTHER_NAME if code == OTHER else outcomes.names[name][code]
                found.append((row, ComparedValue(group, code, f"{name}={shown}", frequency)))
        return [row for row, value in sorted(found) if self._add(value)]

    def _add(self, value: ComparedValue) -> bool:
        """Compare a value, if it is not the first of its group and there is room for its signals."""
        if self._first[value.group] is None:
            self._first[value.group] = value.code
            return False
        names = [f"{GAP}{measure}:{value.name}" for measure in self._names]
        # At most so many outcomes are in pairs of which one is wrong.
        if not self._signals.follow_gap(names, min(value.frequency, 1.0 - value.frequency) / 2.0):
            return False
        self._values.append(value)
        return True

    def state(self) -> dict[str, Any]:
        by_name = self._signals.by_name
        return {
            "groups": self._groups,
            "counts": self._counts.tolist(),
            "first": self._first,
            "values": [list(value) for value in self._values],
            "pairs": {name: pairs.state() for name, pairs in self._pairs.items()},
            "signals": {name: by_name[name].state() for name in sorted(by_name) if name.startswith(GAP)},
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Load what `state` returned; of other groups, nothing."""
        if state["groups"] != self._groups:
            return
        self._counts, first = np.array(state["counts"], np.int64).reshape(-1, CODES), state["first"]
        self._first = list(first)
        for value in state["values"]:
            self._add(ComparedValue(*value))
        for name, held in state["pairs"].items():
            self._pairs.setdefault(name, PairedOutcomes()).restore(held)
        for name, signal in state["signals"].items():
            self._signals.restore(name, self._kind, signal)


def _measures(settings: MonitorSettings) -> Sequence[str]:
    """Return the measures that have a signal."""
    if settings.task == "regression":
        return ["residual"]
    return (
        ["accuracy"]
        if settings.fairness.positive is None
        else ["accuracy", "true_positive_rate", "false_positive_rate"]
    )
