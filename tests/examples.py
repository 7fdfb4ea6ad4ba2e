"""Numbers of examples that a property tries: few in ``make test``, its long form in ``.ci/run``.

A property names the number of its long form, ``max_examples=examples(200)``; the hypothesis profile says which part
of it is tried. ``pytest --hypothesis-profile=long`` selects one.
"""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, settings

PROFILES = {"least": 5, "quick": 25, "long": 100, "chaos": 600}
"""Percent of the long form's examples: for mutants, ``make test``, ``.ci/run`` and ``make chaos``."""

MIN_EXAMPLES = 3
_PHASES = (Phase.explicit, Phase.generate)


def register_profiles() -> None:
    """Make the profiles known to hypothesis, and load the quick one.

    Each tries the same examples in every run, so that a change is judged by itself; ``chaos`` draws new ones.
    """
    for name, percent in PROFILES.items():
        # A mutant is killed by the first example that fails, and not because the machine is busy.
        is_least = name == "least"
        settings.register_profile(
            name,
            max_examples=percent,
            deadline=None,
            phases=_PHASES if is_least else tuple(Phase),
            suppress_health_check=(HealthCheck.too_slow,) if is_least else (),
            derandomize=name != "chaos",
        )
    settings.load_profile("quick")


def examples(long: int) -> int:
    """Return the number of examples in the loaded profile of a property that tries ``long`` in its long form."""
    return max(long * settings().max_examples // PROFILES["long"], MIN_EXAMPLES)
