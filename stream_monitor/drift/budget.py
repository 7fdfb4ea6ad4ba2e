"""One run length for the whole model, shared out over its signals and detectors."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache

from stream_monitor.detectors import DetectorConfig
from stream_monitor.detectors.spec import DetectorSpec, select
from stream_monitor.signals.spread import SPREAD_OF

#: The part of all false alarms that the error may have. It is fixed: labels come in their own time, so what the error
#: may do must not depend on which features are known by then.
ERROR_PART = 1 / 8
#: How the rest is shared out: so much to each signal. What tells of the model comes before what tells of its inputs,
#: and of the inputs, values before what is missing.
WEIGHTS = {"prediction": 4.0, "score": 4.0, "feature": 1.0, "spread": 1.0, "missing": 0.25}


class Budget:
    """How many values of its signal each detector may run, on average, between two false alarms.

    ``run_length``: predictions between two of the whole model.

    False alarms of independent detectors add up: those of rate ``1 / R_i`` each have together the rate of their sum.
    So with ``R`` for the model and the part ``p_i`` for a signal, each of its n detectors gets ``R n / p_i``.
    (Bonferroni's inequality in time; compare the expected run time of alibi-detect.)

    >>> from stream_monitor.detectors.spec import DEFAULT_SPECS
    >>> budget = Budget(DEFAULT_SPECS, 1_000_000.0)
    >>> round(budget.run_length("error", []))
    8000000
    """

    def __init__(self, specs: Sequence[DetectorSpec], run_length: float) -> None:
        self._run_length = run_length
        self._count = lru_cache(maxsize=10_000)(lambda signal: _budgeted(select(specs, signal).values()))

    def run_length(self, signal: str, features: Iterable[str]) -> float:
        """That of each detector of this signal, while these are the features; infinite where it has no budget."""
        return self.run_lengths([signal], features)[signal]

    def run_lengths(self, signals: Iterable[str], features: Iterable[str]) -> dict[str, float]:
        """That of each detector of each signal."""
        error = ERROR_PART if self._count("error") else 0.0
        names = [
            "prediction",
            "score",
            *(f"{each}:{name}" for name in features for each in ("feature", "spread", "missing")),
        ]
        weights = {name: WEIGHTS[name.partition(":")[0]] for name in names if self._count(name)}
        total = math.fsum(weights.values())
        lengths = {}
        for signal in signals:
            part = error if signal == "error" else (1.0 - error) * weights.get(signal, 0.0) / (total or 1.0)
            values = self._run_length / SPREAD_OF if signal.startswith("spread:") else self._run_length
            lengths[signal] = values * self._count(signal) / part if part else math.inf
        return lengths


def unbudgeted(specs: Sequence[DetectorSpec]) -> list[str]:
    """The kinds of detectors whose false alarms their own parameters decide, whatever the run length.

    >>> from stream_monitor.detectors.spec import parse_spec
    >>> unbudgeted([parse_spec("glr"), parse_spec("kswin"), parse_spec("error=adwin:delta=0.01")])
    ['adwin', 'kswin']
    """
    return sorted({spec.kind for spec in specs if not _budgeted([spec.config])})


def _budgeted(configs: Iterable[DetectorConfig]) -> int:
    """How many of these detectors have a parameter that follows from the budget, and was not given."""
    return sum(config.budgeted is not None and config.budgeted not in config.model_fields_set for config in configs)
