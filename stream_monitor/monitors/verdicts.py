"""The verdicts on all signals of a model version against the training data."""

from __future__ import annotations

from collections.abc import Iterator

from stream_monitor.monitors.label_check import LABEL
from stream_monitor.monitors.look_schedule import FIRST_LOOK
from stream_monitor.monitors.model import ModelMonitor
from stream_monitor.profiles.profile import Profile
from stream_monitor.stats.effect_size import cohens_h
from stream_monitor.stats.training_verdict import MIN_EFFECT, SignalVerdict, Verdict, VerdictName


def verdicts(monitor: ModelMonitor, profile: Profile | None) -> Iterator[SignalVerdict]:
    """Yield the verdicts on the signals of a model version, on its labels, and on features that have never come."""
    if not profile:
        return
    for name, signal in monitor.signals.items():
        verdict = signal.counted.verdict
        if verdict:
            yield SignalVerdict(name, signal.kind, verdict)
    if monitor.labels.verdict:
        yield SignalVerdict(LABEL, monitor.labels.kind, monitor.labels.verdict)
    if monitor.predictions >= FIRST_LOOK:
        known = monitor.features
        for name, column in profile.features.items():
            if name not in known:
                yield SignalVerdict(f"missing:{name}", "share", _absent(column.missing_share, monitor.predictions))


def _absent(usual: float, count: int) -> Verdict:
    """Return the verdict on the missing values of a feature that no prediction has had."""
    effect = cohens_h(1.0, usual)
    verdict: VerdictName = "shifted" if effect > MIN_EFFECT else "same"
    return Verdict(verdict, "cohens_h", effect, MIN_EFFECT, effect, usual, 1.0, (), count, float(count))
