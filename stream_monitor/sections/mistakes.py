"""The seven mistakes of a model in production, each with its state on this stream: watched or not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from stream_monitor.core.formatting import counted
from stream_monitor.pipeline.snapshot import Snapshot
from stream_monitor.sections.baselines import baselines_in_words
from stream_monitor.sections.contract import invalid_share
from stream_monitor.sections.evaluation_sets import sets_in_words
from stream_monitor.sections.groups import widest_gap
from stream_monitor.sections.retraining import requests_in_words
from stream_monitor.sections.section import Cell, Part, Section, Table
from stream_monitor.sections.versions import deployments_in_words, versions_in_words

_HEAD = ("Mistake", "State", "Found, or the flag that turns it on")


class Answer(NamedTuple):
    """The answer to a mistake on this stream.

    Attributes:
        is_watched: Whether it is watched.
        told: What is found, where it is watched; else the flag that turns it on.
    """

    is_watched: bool
    told: str


def mistakes_section(snapshot: Snapshot, *, is_live: bool) -> Section:
    """Return the section.

    Args:
        snapshot: The snapshot.
        is_live: Whether it is of a running sidecar, not of files.
    """
    rows = [_row(mistake, answer(snapshot, is_live)) for mistake, answer in MISTAKES.items()]
    return Section("mistakes", "The seven mistakes", [Part(tables=[Table(_HEAD, rows, (), (_HEAD[0], _HEAD[2]))])])


def _row(mistake: str, answer: Answer) -> Sequence[Cell | str]:
    state = Cell("watched", "", "good") if answer.is_watched else Cell("not watched")
    return mistake, state, answer.told


def _drift(snapshot: Snapshot, _: bool) -> Answer:
    if not snapshot.watched.drift:
        return Answer(False, "--detector")
    signals = sum(len(model.signals) for model in snapshot.models)
    episodes = sum(model.episode_count for model in snapshot.models)
    against = "" if snapshot.watched.training else "; --profile compares with the training data as well"
    estimated = any(model.estimated.estimates for model in snapshot.models)
    before = "; accuracy is estimated before labels come" if estimated else ""
    return Answer(True, f"{counted(signals, 'signal')}; {counted(episodes, 'episode')} of drift{before}{against}")


def _inputs(snapshot: Snapshot, _: bool) -> Answer:
    if not snapshot.watched.contract:
        return Answer(False, "--contract")
    return Answer(True, invalid_share(snapshot.models))


def _test_sets(snapshot: Snapshot, _: bool) -> Answer:
    if not snapshot.watched.evaluation:
        return Answer(False, "--evaluation-dir")
    return Answer(True, sets_in_words(snapshot.evaluation))


def _price(snapshot: Snapshot, _: bool) -> Answer:
    if not snapshot.watched.baselines:
        return Answer(False, "--baseline trivial")
    return Answer(True, baselines_in_words(snapshot.models))


def _automation(snapshot: Snapshot, is_live: bool) -> Answer:
    told = [requests_in_words(snapshot)] if snapshot.watched.retraining else []
    if snapshot.deployments:
        told.append(f"deployment by Git: {deployments_in_words(snapshot.deployments)}")
    return Answer(bool(told), "; ".join(told) or f"--retrain-on{' or --promote-git' if is_live else ''}")


def _versions(snapshot: Snapshot, is_live: bool) -> Answer:
    log = "; no audit log (--audit-log)" if is_live and not snapshot.watched.audit else ""
    return Answer(True, f"{versions_in_words(snapshot.rollouts)}{log}")


def _bias(snapshot: Snapshot, _: bool) -> Answer:
    if not snapshot.watched.groups:
        return Answer(False, "--group")
    return Answer(True, widest_gap(snapshot.models) or "no gap between groups can be told yet")


#: The mistakes, each with its answer by a snapshot and whether that is of a running sidecar.
MISTAKES: dict[str, Callable[[Snapshot, bool], Answer]] = {
    "Drift goes unnoticed": _drift,
    "Inputs are not validated": _inputs,
    "There is no good test set": _test_sets,
    "A complex model does what a simple one would": _price,
    "Nothing is automated": _automation,
    "Nobody governs versions": _versions,
    "Nobody watches for bias": _bias,
}
