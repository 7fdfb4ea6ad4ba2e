"""The result as JSON values, for ``tune --json``."""

from __future__ import annotations

import math
from typing import Any

from stream_monitor.core.timestamps import format_timestamp
from stream_monitor.tuning.evidence import kaplan_meier_median
from stream_monitor.tuning.recommendation import Evaluation, Recommendation
from stream_monitor.tuning.sweep import Sweep
from stream_monitor.tuning.text import warnings, why


def summary(sweep: Sweep, found: Recommendation) -> dict[str, Any]:
    """Return the complete result.

    A delay of null is a missed change, a median or typical delay of null is beyond the horizon, and a recommended
    candidate of null means that none fits.
    """
    recording = sweep.recording
    return {
        "model": recording.key.model,
        "version": recording.key.version,
        "events": recording.events,
        "outcomes": recording.labels,
        "features": list(recording.features),
        "signals": {
            signal.name: {"kind": signal.kind, "values": len(signal.fed.values), "block": sweep.blocks[signal.name]}
            for signal in recording.signals
        },
        "injected": sweep.injected,
        "wanted_run_length": found.wanted,
        "judged_events": found.events,
        "candidates": [_candidate(sweep, found, evaluation) for evaluation in found.evaluations],
        "recommended": _recommended(found),
        "why": why(found),
        "left_out": list(recording.left_out),
        "warnings": list(warnings(sweep, found)),
    }


def _recommended(found: Recommendation) -> dict[str, Any] | None:
    if found.best is None:
        return None
    return {"flags": found.best.tally.candidate.flags, "candidate": found.evaluations.index(found.best)}


def _candidate(sweep: Sweep, found: Recommendation, evaluation: Evaluation) -> dict[str, Any]:
    tally, candidate = evaluation.tally, evaluation.tally.candidate
    return {
        "flags": candidate.flags,
        "detector": candidate.detector,
        "run_length": candidate.promised,
        "warmup": candidate.warmup,
        "seasonality": candidate.seasonality,
        "fits": evaluation.fits,
        "rules": list(evaluation.rules),
        "missed_of_one_deviation": evaluation.missed,
        "recorded": {
            "alarms": len(tally.recorded),
            "per_10000_values": 1e4 * len(tally.recorded) / max(sweep.values, 1),
            "detections": [{**one._asdict(), "ts": format_timestamp(one.ts)} for one in tally.recorded],
        },
        "surrogate": {
            "alarms": tally.false_alarms,
            "per_10000_values": 1e4 * tally.false_alarms / max(sweep.values * sweep.surrogates, 1),
            "events_between": _finite(evaluation.run_length),
            "events_between_at_least": evaluation.at_least,
            "by_signal": {name: count for name, count in tally.surrogate.items() if count},
        },
        "delays": [
            {
                "kind": change.kind,
                "size": change.size,
                "in_deviations": change.in_deviations or change.kind == "level",
                "median": _finite(kaplan_meier_median(delays)),
                "missed": tally.missed(change),
                "count": len(delays),
                "values": [_finite(delay) for delay in delays],
            }
            for change, delays in tally.delays.items()
        ],
        "typical_delay": _finite(found.typical(evaluation)),
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
