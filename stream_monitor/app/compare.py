"""A candidate against the champion on evaluation sets, and what the manifest keeps of that look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from stream_monitor.actions.evaluation_manifest import change_manifest, read_manifest, sealed_sets
from stream_monitor.app.evaluation_sets import SetRows, read_candidate, read_set
from stream_monitor.core.arrays import Bools
from stream_monitor.core.errors import ConfigError
from stream_monitor.performance.holdout import History, paired, verdict_level
from stream_monitor.stats.sign_test import Pairs, sign_test


class Question(NamedTuple):
    """The directory of the sets and the candidate's file, with the user's choices, None for the usual ones."""

    directory: Path
    candidate: Path
    model: str | None = None
    champion: str | None = None
    is_final: bool = False


class Score(NamedTuple):
    """A candidate on one set: the start of its window, the pairs, and the rows that each is right on."""

    start: float
    pairs: Pairs
    candidate_right: int
    champion_right: int


class Comparison(NamedTuple):
    """The result of a look.

    Attributes:
        model, champion: What the candidate was compared with.
        scores: The scores of the sets, on the rows that are not for the verdict; of all rows if it is final.
        verdict: The pairs of the rows that are for the verdict.
        p_value: The p-value of "the candidate is not better".
        level: The level that it has to reach.
        look: The number of this look at these sets, from 1.
        sealed: Number of sets that are sealed still.
        missing: Rows without a prediction of the candidate.
    """

    model: str
    champion: str
    scores: Sequence[Score]
    verdict: Pairs
    p_value: float
    level: float
    look: int
    sealed: int
    missing: int

    @property
    def is_better(self) -> bool:
        """True if the candidate is better than the champion."""
        return self.p_value <= self.level


def compare(question: Question) -> Comparison:
    """Look at the sets: score a candidate on each of them, and enter the look into the manifest.

    Raises:
        ConfigError: The sets or the candidate can't be read, or there is nothing to compare.
    """
    candidate = read_candidate(question.candidate)
    if not read_manifest(question.directory)["sets"]:
        raise ConfigError(f"--sets: there are no evaluation sets in {question.directory}; `run` writes them")
    try:
        return change_manifest(question.directory, lambda manifest: _look(question, candidate, manifest))
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigError(f"--sets: can't enter the look into {question.directory}: {reason}") from None


def _look(question: Question, candidate: Mapping[str, str], manifest: dict[str, Any]) -> Comparison:
    model, kept = _model(question, manifest["sets"]), {each["file"] for each in manifest["sets"]}
    manifest["looks"] = [look for look in manifest["looks"] if kept & set(look["sets"])]
    sets = [each for each in manifest["sets"] if each["model"] == model]
    if any(each["classes"] is None for each in sets):
        raise ConfigError(f"--model: {model} is a regression; allowed: a classification")
    champion = question.champion or _champion(sets)
    sealed = sealed_sets(sets, manifest["looks"])
    wanted = [each for each in sets if (each["file"] in sealed) == question.is_final]
    if not wanted:
        raise ConfigError(f"--final: no set of {model} is sealed; wait for the next one")
    rows = [
        read_set(question.directory / each["file"], each["start"], champion, candidate)
        for each in wanted
        if champion in each["versions"]
    ]
    size, missing = sum(len(each.champion) for each in rows), sum(each.missing for each in rows)
    if not size:
        versions = ", ".join(sorted({name for each in wanted for name in each["versions"]}))
        raise ConfigError(f"--champion: the sets have no row of version {champion}; allowed: {versions}")
    if missing == size:
        raise ConfigError(
            f"--candidate: {question.candidate} predicts none of the {size:,} rows of version {champion}; "
            f"allowed: the ids of the rows of the sets"
        )
    return _judged(question, _Rows(model, champion, rows, len(sealed), missing), manifest["looks"])


class _Rows(NamedTuple):
    model: str
    champion: str
    sets: Sequence[SetRows]
    sealed: int
    missing: int


def _judged(question: Question, rows: _Rows, looks: list[dict[str, Any]]) -> Comparison:
    """Return the comparison, and add the look to the others unless it was taken before."""
    opened = {name for look in looks if look["is_final"] for name in look["sets"]}
    tested = [each for each in rows.sets if each.name not in opened]
    names = [each.name for each in tested]
    look: dict[str, Any] = {
        "candidate": _fingerprint(tested),
        "champion": rows.champion,
        "sets": names,
        "is_final": question.is_final,
    }
    at = next((at for at, each in enumerate(looks) if look.items() <= each.items()), len(looks))
    earlier = [each for each in looks[:at] if set(each["sets"]) & set(names)]
    level = verdict_level(History(len(earlier), sum(each["is_better"] for each in earlier)))
    verdict = _pairs(tested, [each.is_for_verdict | question.is_final for each in tested])
    result = Comparison(
        rows.model,
        rows.champion,
        [_score(each, ~each.is_for_verdict | question.is_final) for each in rows.sets],
        verdict,
        sign_test(verdict),
        level,
        len(earlier) + 1,
        0 if question.is_final else rows.sealed,
        rows.missing,
    )
    if at == len(looks):
        looks.append({**look, "level": level, "is_better": result.is_better})
    return result


def _model(question: Question, sets: Sequence[Mapping[str, Any]]) -> str:
    models = sorted({each["model"] for each in sets})
    if question.model is None and len(models) > 1:
        raise ConfigError(f"--model: is required; allowed: {', '.join(models)}")
    model = models[0] if question.model is None else question.model
    if model not in models:
        raise ConfigError(f"--model: there is no set of {model}; allowed: {', '.join(models)}")
    return model


def _champion(sets: Sequence[Mapping[str, Any]]) -> str:
    """Return the version that has most rows in the newest set."""
    versions: dict[str, int] = sets[-1]["versions"]
    return max(versions, key=versions.__getitem__)


def _pairs(sets: Sequence[SetRows], chosen: Sequence[Bools]) -> Pairs:
    found = [paired(each.candidate[rows], each.champion[rows]) for each, rows in zip(sets, chosen, strict=True)]
    return Pairs(*np.sum(np.array(found, np.int64).reshape(-1, 3), axis=0).tolist())


def _score(rows: SetRows, shown: Bools) -> Score:
    candidate, champion = rows.candidate[shown], rows.champion[shown]
    return Score(rows.start, paired(candidate, champion), int(candidate.sum()), int(champion.sum()))


def _fingerprint(sets: Sequence[SetRows]) -> str:
    """Return a hash of what a candidate gets right: the same answers are one look."""
    return blake2b(b"|".join(np.packbits(each.candidate).tobytes() for each in sets), digest_size=16).hexdigest()
