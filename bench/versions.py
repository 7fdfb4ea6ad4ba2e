"""A simulation of the comparison of versions: wrong verdicts of equal versions, and outcomes up to a right one.

`python bench/versions.py [--runs 1000]` prints a table. Equal versions are looked at after every one of 20,000
outcomes. Two versions, one of them right in 85 % and the other in 88 %, are looked at until a verdict; the outcomes
that nine runs in ten need for it are given as a multiple of those of a test of fixed size (level 5 %, power 90 %). A
second table is of champions with several challengers, all of them equal, by the runs in which any gets a verdict.
"""

import argparse
from collections.abc import Callable

import numpy as np

from stream_monitor.performance.comparison import Comparison, ScoredOutcomes, wrong_level

RIGHT, GAIN, DISAGREE = 0.85, 0.03, 0.1
OUTCOMES = 20_000
#: Normal quantiles of the level and of the power, added and squared.
QUANTILES = (1.959964 + 1.281552) ** 2
Simulation = Callable[[np.random.Generator, int, float], ScoredOutcomes]


def split(share: float) -> Simulation:
    """Return a simulation of traffic of which the challenger has this share."""

    def simulate(rng: np.random.Generator, count: int, gain: float) -> ScoredOutcomes:
        is_challenger = rng.random(count) < share
        scores = rng.random(count) < np.where(is_challenger, RIGHT + gain, RIGHT)
        return ScoredOutcomes(range(count), is_challenger, scores.astype(float))  # type: ignore[arg-type]

    return simulate


def shadow(rng: np.random.Generator, count: int, gain: float) -> ScoredOutcomes:
    """Simulate versions that predict the same ids, and of which one alone is right on a tenth of them."""
    u = rng.random(count // 2)
    better, worse = u < (DISAGREE + gain) / 2, (u >= (DISAGREE + gain) / 2) & (u < DISAGREE)
    both = rng.random(count // 2) < RIGHT
    scores = np.column_stack((np.where(better, 0, both | worse), np.where(worse, 0, both | better)))
    ids = [at // 2 for at in range(count)]
    return ScoredOutcomes(ids, np.arange(count) % 2 == 1, scores.ravel().astype(float))  # type: ignore[arg-type]


#: Each form with its simulation, and the outcomes of both versions that its test of fixed size needs.
FORMS: dict[str, tuple[Simulation, float]] = {
    "split, half and half": (
        split(0.5),
        2 * QUANTILES * (RIGHT * (1 - RIGHT) + (RIGHT + GAIN) * (1 - RIGHT - GAIN)) / GAIN**2,
    ),
    "split, a canary of 5 %": (
        split(0.05),
        QUANTILES * (RIGHT * (1 - RIGHT) / 0.95 + (RIGHT + GAIN) * (1 - RIGHT - GAIN) / 0.05) / GAIN**2,
    ),
    "shadow, differs on one in ten": (shadow, 2 * QUANTILES * (DISAGREE - GAIN**2) / GAIN**2),
}


def verdicts(simulate: Simulation, runs: int, count: int, gain: float) -> tuple[int, int, float]:
    """Return the runs with the verdict better, those with worse, and the outcomes that nine in ten need for one."""
    found = []
    for run in range(runs):
        comparison = Comparison("shadow" if simulate is shadow else "split", wrong_level(1))
        comparison.update(simulate(np.random.default_rng(run), count, gain))
        found.append(comparison.result())
    after = [each.decided_after or np.inf for each in found]
    names = [each.verdict for each in found]
    return names.count("better"), names.count("worse"), float(np.quantile(after, 0.9, method="higher"))


def several(challengers: int, runs: int) -> int:
    """Return the runs in which any of several challengers, equal to the champion, gets a verdict.

    The champion has half of the traffic and each challenger an equal share of the rest.
    """
    wrong = 0
    for run in range(runs):
        rng = np.random.default_rng(run)
        version = np.where(rng.random(OUTCOMES) < 0.5, 0, 1 + rng.integers(challengers, size=OUTCOMES))
        scores, found = (rng.random(OUTCOMES) < RIGHT).astype(float), []
        for number in range(1, challengers + 1):
            rows = np.flatnonzero((version == 0) | (version == number))
            comparison = Comparison("split", wrong_level(number))
            comparison.update(ScoredOutcomes(range(len(rows)), version[rows] == number, scores[rows]))  # type: ignore[arg-type]
            found.append(comparison.result().verdict)
        wrong += any(each != "undecided" for each in found)
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1000)
    runs = parser.parse_args().runs
    print("| form | wrong verdicts of equal versions | right | wrong | outcomes of nine in ten | of a fixed test |")
    print("|---|---|---|---|---|---|")
    for name, (simulate, fixed) in FORMS.items():
        better, worse, _ = verdicts(simulate, runs, OUTCOMES, 0.0)
        right, wrong, after = verdicts(simulate, max(runs // 4, 1), 2 * round(1.5 * fixed), GAIN)
        share, of = (better + worse) / runs, max(runs // 4, 1)
        print(f"| {name} | {share:.1%} | {right / of:.1%} | {wrong / of:.1%} | {after / fixed:.2f} | {fixed:,.0f} |")
    print("\n| challengers, all equal | runs in which any gets a verdict |")
    print("|---|---|")
    for challengers in (1, 3, 10):
        print(f"| {challengers} | {several(challengers, runs) / runs:.1%} |")


if __name__ == "__main__":
    main()
