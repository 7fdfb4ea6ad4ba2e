"""Practical size: which changes are large enough to matter, each alone and in its episode."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from stream_monitor.core.events import Detection
from stream_monitor.drift.episode import Episode
from stream_monitor.drift.episode_signal import EpisodeSignal, by_evidence

#: A change of ``error``, or of that of a class, matters from this part of the smallest effect on, as a difference of
#: shares: with 0.1, from one percentage point of accuracy.
POINTS = 0.1


class Ranked(NamedTuple):
    """Episodes that matter, the most evident first, each with the signals that do; and all smaller changes."""

    episodes: Sequence[Episode]
    small: Sequence[Detection]


def matters(one: Detection, min_effect: float) -> bool:
    """Return whether a change is large enough to matter.

    A change that the levels of the signal do not show is not.

    Args:
        one: The change.
        min_effect: Smallest effect size that matters; 0: all do.
    """
    if one.effect is None or min_effect <= 0.0:
        return True
    if one.before == one.after:
        return False
    is_error = one.is_share and one.signal.partition(":")[0] == "error"
    return one.effect >= min_effect or (is_error and abs(one.after - one.before) >= POINTS * min_effect)


def rank(episodes: Iterable[Episode], min_effect: float) -> Ranked:
    """Return the episodes that matter, the most evident first, and the changes that are too small over their time.

    Args:
        episodes: The episodes, up to now.
        min_effect: Smallest effect size that matters; 0: all do.
    """
    told, small = [], []
    for episode in episodes:
        rest = [row for row in episode.signals.values() if not _is_large(row, min_effect)]
        small += [row.told._replace(is_small=True) for row in rest]
        left = {row.signal for row in rest}
        if len(left) < len(episode.signals):
            kept = {name: _shown(row, min_effect) for name, row in episode.signals.items() if name not in left}
            told.append(replace(episode, signals=kept, count=episode.count - len(left)))
    return Ranked(sorted(told, key=_by_evidence), small)


def _is_large(row: EpisodeSignal, min_effect: float) -> bool:
    """Return whether the whole change of a signal matters; of one that goes to and fro, its largest change."""
    return row.first.kind == "skew" or matters(row.strongest if row.is_unstable else row.told, min_effect)


def _shown(row: EpisodeSignal, min_effect: float) -> EpisodeSignal:
    """Return a change with figures that matter: where it came and went, those of its largest change."""
    is_small = row.is_unstable and row.first.kind != "skew" and not matters(row.told, min_effect)
    return row.at_strongest() if is_small else row


def _by_evidence(episode: Episode) -> tuple[float, str, int, str, str]:
    return *by_evidence(episode.ranked[0]), episode.index, episode.model, episode.version
