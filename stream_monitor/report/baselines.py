"""The baselines beside the model in the summary of a replay, and what they tell of its flags."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from stream_monitor.core.formatting import plain
from stream_monitor.performance.baseline_result import BaselineResult
from stream_monitor.pipeline.snapshot import ModelSnapshot


def baselines_summary(models: Sequence[ModelSnapshot]) -> list[dict[str, Any]]:
    """Return the baselines beside each model version as plain values."""
    return [{**model.key._asdict(), **_baseline(result)} for model in models for result in model.baselines]


def _baseline(result: BaselineResult) -> dict[str, Any]:
    payoffs = {"payoff": result.payoff, "model_payoff": result.model_payoff} if result.payoff else {}
    return {
        "baseline": result.name,
        "outcomes": result.outcomes,
        "performance": result.performance,
        "model_performance": result.model,
        "skill": result.skill,
        "difference": {
            "measure": result.measure,
            "value": _finite(result.difference),
            "lower": _finite(result.bounds.lower),
            "upper": _finite(result.bounds.upper),
        },
        "verdict": result.verdict,
        **payoffs,
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def baseline_caveats(model: ModelSnapshot) -> Iterator[str]:
    """Yield a line for each class of ``--payoff`` that never came."""
    seen = ", ".join(map(plain, model.performance.labels)) or "none"
    for name in dict.fromkeys(name for each in model.baselines for name in each.unknown_payoff):
        yield f"--payoff: {plain(name)!r} was never predicted nor a label; classes seen are {seen}"
