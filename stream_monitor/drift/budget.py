"""The false-alarm budget of a model: one run length, shared out over its signals and detectors."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache

from stream_monitor.core.signal_names import CLASS_ERROR, GAP
from stream_monitor.detectors import DetectorConfig
from stream_monitor.detectors.spec import DetectorSpec, select
from stream_monitor.signals.spread import SPREAD_OF

#: The error signal's part of all false alarms. It is fixed: labels come at any time, so it must not depend on the
#: features known by then.
ERROR_PART = 1 / 8
#: The part of the errors of rare classes, which is fixed for the same reason, and the largest number of such classes.
CLASS_PART, MAX_CLASSES = 1 / 16, 10
#: The class that is found k-th has 1 / k of what the first has: the first are the least rare.
_CLASS_WEIGHTS = math.fsum(1.0 / place for place in range(1, MAX_CLASSES + 1))
#: The part of the gaps between groups, and the largest number of values that are compared; shared as by classes.
GAP_PART, MAX_GAPS = 1 / 16, MAX_CLASSES
#: Weight of each signal in the rest. Signals of the model have more than those of its inputs, and values of an input
#: more than its missing ones.
WEIGHTS = {"prediction": 4.0, "score": 4.0, "invalid": 4.0, "feature": 1.0, "spread": 1.0, "missing": 0.25}

#: The probability that a model version is ever told to differ from its training data though it does not. Such a
#: finding comes once, not at a rate: it is beside the run length, and the same for every one.
MAX_FALSE_SKEW = 0.01
#: Weight of each signal of which a profile may have a distribution.
SKEW_WEIGHTS = {"prediction": 4.0, "score": 4.0, "label": 4.0, "feature": 1.0, "missing": 0.25}


class Budget:
    """Shares out a model's average run length (ARL) over its signals and detectors.

    The rates of false alarms of independent detectors add up. So with the run length ``R`` for the model and the part
    ``p_i`` for a signal, each of its n detectors has the run length ``R n / p_i``. (Bonferroni's inequality in time;
    compare the expected run time of alibi-detect.)

    Args:
        specs: The detectors.
        run_length: Mean number of predictions between two false alarms of the whole model.
        has_contract: True if there is an input contract, and so the signal ``invalid``.
        has_gaps: Whether the gaps between groups have a part.

    >>> from stream_monitor.detectors.spec import DEFAULT_SPECS
    >>> budget = Budget(DEFAULT_SPECS, 1_000_000.0)
    >>> round(budget.run_length("error", []))
    8000000
    """

    def __init__(
        self, specs: Sequence[DetectorSpec], run_length: float, has_contract: bool = False, *, has_gaps: bool = False
    ) -> None:
        self._run_length, self._gap_part = run_length, GAP_PART if has_gaps else 0.0
        self._of_model = ("prediction", "score", *(("invalid",) if has_contract else ()))
        self._count = lru_cache(maxsize=10_000)(lambda signal: _budgeted(select(specs, signal).values()))

    def run_length(self, signal: str, features: Iterable[str]) -> float:
        """Return the run length of each detector of one signal, see `run_lengths`."""
        return self.run_lengths([signal], features)[signal]

    def run_lengths(self, signals: Iterable[str], features: Iterable[str]) -> dict[str, float]:
        """Return the mean number of values between two false alarms of each detector, by signal.

        Args:
            signals: The names of the signals.
            features: The names of all features of the model.

        Returns:
            In values of the signal: those of a spread come once in four predictions. Infinite without a budget.
        """
        total = self.total(features)
        return {signal: self.run_length_of(signal, total) for signal in signals}

    def total(self, features: Iterable[str]) -> float:
        """Return the total weight of the signals of a model with these features, except that of ``error``."""
        names = [
            *self._of_model,
            *(f"{each}:{name}" for name in features for each in ("feature", "spread", "missing")),
        ]
        return math.fsum(WEIGHTS[name.partition(":")[0]] for name in names if self._count(name))

    def run_length_of(self, signal: str, total: float) -> float:
        """Return the mean number of values between two false alarms of each detector of one signal.

        Args:
            signal: The name of the signal.
            total: The total weight of the model's signals, as `total` returns it.
        """
        count = self._count(signal)
        if not count:
            return math.inf
        error = ERROR_PART if self._count("error") else 0.0
        weight = WEIGHTS.get(signal.partition(":")[0], 0.0)
        rest = 1.0 - error - (CLASS_PART if self._count(CLASS_ERROR) else 0.0)
        rest -= self._gap_part if self._count(GAP) else 0.0
        part = error if signal == "error" else rest * weight / (total or 1.0)
        values = self._run_length / SPREAD_OF if signal.startswith("spread:") else self._run_length
        return values * count / part if part else math.inf

    def class_run_length(self, signal: str, place: int, frequency: float) -> float:
        """Return the mean number of values between two false alarms of each detector of a class's errors.

        Args:
            signal: The name of the signal.
            place: The number of classes that were found before.
            frequency: The share of the class among the labels.
        """
        return self._fixed(signal, CLASS_PART, place, frequency)

    def gap_run_length(self, signal: str, place: int, frequency: float) -> float:
        """Return the same for the gap between a value of a group and the others.

        Args:
            signal: The name of the signal.
            place: The number of values that are compared before.
            frequency: The number of values of the signal for each prediction.
        """
        return self._fixed(signal, GAP_PART, place, frequency)

    def _fixed(self, signal: str, whole: float, place: int, frequency: float) -> float:
        part = whole / (place + 1) / _CLASS_WEIGHTS
        count = self._count(signal)
        return self._run_length * frequency * count / part if count else math.inf


def class_part(classes: int) -> float:
    """Return the part of all false alarms that the errors of so many rare classes have.

    >>> class_part(MAX_CLASSES) == CLASS_PART
    True
    """
    return CLASS_PART * math.fsum(1.0 / place for place in range(1, classes + 1)) / _CLASS_WEIGHTS


def skew_level(signal: str, features: Collection[str]) -> float:
    """Return the probability that a signal is ever told to differ from its training data though it does not.

    The levels of all signals add up to `MAX_FALSE_SKEW` (Bonferroni's inequality).

    Args:
        signal: The name of the signal.
        features: The names of all features of the profile.

    >>> round(skew_level("prediction", ["age", "income"]), 6)
    0.002759
    """
    of_feature = SKEW_WEIGHTS["feature"] + SKEW_WEIGHTS["missing"]
    total = sum(SKEW_WEIGHTS.values()) + of_feature * (len(features) - 1)
    return MAX_FALSE_SKEW * SKEW_WEIGHTS[signal.partition(":")[0]] / total


def unbudgeted(specs: Sequence[DetectorSpec]) -> list[str]:
    """Return the kinds of detectors whose false-alarm rate is set by their own parameters, not by the run length.

    >>> from stream_monitor.detectors.spec import parse_spec
    >>> unbudgeted([parse_spec("glr"), parse_spec("kswin"), parse_spec("error=adwin:delta=0.01")])
    ['adwin', 'kswin']
    """
    return sorted({spec.kind for spec in specs if not is_budgeted(spec.config)})


def is_budgeted(config: DetectorConfig) -> bool:
    """Return whether a detector has a parameter that is computed from the budget, and was not given."""
    return config.budgeted is not None and config.budgeted not in config.model_fields_set


def _budgeted(configs: Iterable[DetectorConfig]) -> int:
    """Return how many of these detectors are budgeted."""
    return sum(map(is_budgeted, configs))
