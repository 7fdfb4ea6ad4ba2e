"""The report: the seven mistakes, what was caused, and what the sidecar did about it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from stream_monitor.core.formatting import percent
from stream_monitor.demo.clock import duration_of
from stream_monitor.demo.evidence import Evidence, first
from stream_monitor.demo.scenario import BIAS, CAUSES, INCOME, WORLD
from stream_monitor.demo.service import FIRST_VERSION
from stream_monitor.demo.trainer import Rollout

MISTAKES = {
    1: "drift goes unnoticed",
    2: "inputs are not validated",
    3: "no good test set",
    4: "a fancy model where a simple one serves",
    5: "nothing is automated",
    6: "versions are not governed",
    7: "bias goes unnoticed",
}
_CAUSED = {
    **{cause.mistake: cause.name for cause in CAUSES},
    3: "a new version must be tested on what no one has trained on",
    4: "nobody knows what the model is worth",
    6: "a new version goes out beside the old one",
}
#: The baselines that are told, in words.
_BASELINES = {"majority_class": "the majority class", "last_label": "the last label"}
#: Least width of the table, and of its last column.
_MIN_WIDTH, _WIDTHS = 80, (26, 34)


class Answer(NamedTuple):
    """The answer to a mistake: its number, and what the sidecar did; no text where it did nothing."""

    mistake: int
    text: str


def answers(
    evidence: Evidence, started: Mapping[int, float], rollout: Rollout | None, commit: tuple[str, str]
) -> list[Answer]:
    """Return the answer to each of the seven mistakes.

    Args:
        evidence: What the sidecar has shown.
        started: When each cause began, by the number of its mistake.
        rollout: The answer to its retrain request.
        commit: The newest commit of the deployment's repository: its hash and subject.
    """
    texts = [
        _drift(evidence, started[INCOME.mistake]),
        _inputs(evidence),
        _test_set(evidence, rollout),
        _worth(evidence),
        _loop(evidence, started, rollout),
        _versions(evidence, rollout, commit),
        _bias(evidence, started[BIAS.mistake]),
    ]
    return [Answer(mistake, text) for mistake, text in enumerate(texts, 1)]


def table(found: Sequence[Answer], width: int) -> Iterator[str]:
    """Yield the lines of the report, in columns that are wrapped to a width."""
    widths = (*_WIDTHS, max(width, _MIN_WIDTH) - sum(_WIDTHS) - 4)
    rows = [("mistake", "caused", "what the sidecar did"), tuple("-" * each for each in widths)]
    for answer in found:
        name = f"{answer.mistake} {MISTAKES[answer.mistake]}"
        rows.append((name, _CAUSED[answer.mistake], answer.text or "NOTHING"))
    for row in rows:
        cells = [textwrap.wrap(cell, each) for cell, each in zip(row, widths, strict=True)]
        for at in range(max(map(len, cells))):
            parts = (lines[at] if at < len(lines) else "" for lines in cells)
            yield "  ".join(part.ljust(each) for part, each in zip(parts, widths, strict=True)).rstrip()


def describe(alarm: Mapping[str, Any]) -> str:
    """Return an alarm in words."""
    return f"{alarm['signal']} of version {alarm['version']}: mean {alarm['before']:.4g} -> {alarm['after']:.4g}"


def _drift(evidence: Evidence, began: float) -> str:
    alarm = first(evidence.alarms("feature:income", began))
    return f"alarm after {_after(alarm, began)}: {describe(alarm)}" if alarm else ""


def _inputs(evidence: Evidence) -> str:
    rules = evidence.metrics.all("feature_violations_total", feature="age", rule="type")
    texts = sum(value for _, value in rules)
    rejected = evidence.metrics.total("records_rejected_total")
    letters = evidence.metrics.total("dead_letters_total")
    if not (texts and rejected and letters):
        return ""
    return (
        f"{texts:,.0f} ages of a wrong type and {rejected:,.0f} records that can't be read counted; "
        f"{letters:,.0f} records went to the dead letter topic, each with the reason"
    )


def _test_set(evidence: Evidence, rollout: Rollout | None) -> str:
    if rollout is None:
        return ""
    sets, rows = evidence.evaluation_sets()
    test = rollout.test
    tested = sum(score.pairs.rows for score in test.scores)
    right = sum(score.candidate_right for score in test.scores)
    champion = sum(score.champion_right for score in test.scores)
    return (
        f"{sets} evaluation sets with {rows:,} rows written; on {tested:,} sealed rows version {rollout.version} is "
        f"right in {percent(right / tested)}, version {test.champion} in {percent(champion / tested)}"
    )


def _worth(evidence: Evidence) -> str:
    verdicts = {
        labels["baseline"]: labels["verdict"].replace("_", " ")
        for labels, value in evidence.metrics.all("baseline_verdict", version=FIRST_VERSION)
        if value == 1.0
    }
    skills = {
        labels["baseline"]: value
        for labels, value in evidence.metrics.all(
            "skill_ratio", version=FIRST_VERSION, measure="accuracy", window="cumulative"
        )
    }
    if not {*_BASELINES} <= verdicts.keys() & skills.keys():
        return ""
    told = (
        f"{words}: {verdicts[name]}, it avoids {percent(skills[name])} of its errors"
        for name, words in _BASELINES.items()
    )
    return f"version {FIRST_VERSION} beside baselines on the same outcomes: {'; '.join(told)}"


def _loop(evidence: Evidence, started: Mapping[int, float], rollout: Rollout | None) -> str:
    if rollout is None:
        return ""
    began = started[WORLD.mistake]
    before = evidence.accuracy(FIRST_VERSION, 0.0, began)
    lowest = min(evidence.accuracy(FIRST_VERSION, began, rollout.begun), default=0.0)
    after = evidence.accuracy(rollout.version, rollout.begun, started[INCOME.mistake])
    if not before or not after:
        return ""
    reasons = "; ".join(rollout.reasons)
    return (
        f"request after {duration_of(rollout.requested - began)} ({reasons}); version {rollout.version} "
        f"trained on {rollout.rows:,} rows, out after {duration_of(rollout.begun - began)}; accuracy "
        f"{percent(before[-1])} -> {percent(lowest)} -> {percent(after[-1])}"
    )


def _versions(evidence: Evidence, rollout: Rollout | None, commit: tuple[str, str]) -> str:
    lines = evidence.audit_lines()
    number, subject = commit
    if rollout is None or not lines or rollout.version not in subject:
        return ""
    return (
        f"found to be better than version {rollout.test.champion} by an A/B test that may be looked at at any time; "
        f"commit {number}: {subject}; audit log of {lines} lines verified"
    )


def _bias(evidence: Evidence, began: float) -> str:
    alarm = first(evidence.alarms("gap:", began))
    rates = {
        labels["value"]: value
        for labels, value in evidence.metrics.all(
            "group_performance_ratio", measure="selection_rate", window="rolling"
        )
    }
    if not alarm or not {"f", "m"} <= rates.keys():
        return ""
    return (
        f"alarm after {_after(alarm, began)}: {describe(alarm)}; accepted are "
        f"{percent(rates['f'])} of women, {percent(rates['m'])} of men"
    )


def _after(alarm: Mapping[str, Any], began: float) -> str:
    return duration_of(float(alarm["at"]) - began)
