"""The parts of the product that are turned on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Watched:
    """The subjects that are watched on this stream, by the flags that were given.

    ``drift``: detectors (``--detector``). ``training``: a profile (``--profile``). ``contract``: an input contract
    (``--contract``). ``evaluation``: evaluation sets are written (``--evaluation-dir``). ``groups``: groups are
    compared (``--group``). ``baselines``: they run beside the model (``--baseline``). ``retraining``: there are
    policies (``--retrain-on``). ``audit``: there is an audit log (``--audit-log``).
    """

    drift: bool = False
    training: bool = False
    contract: bool = False
    evaluation: bool = False
    groups: bool = False
    baselines: bool = False
    retraining: bool = False
    audit: bool = False
