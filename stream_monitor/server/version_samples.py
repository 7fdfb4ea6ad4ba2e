"""The versions of a model side by side as samples."""

from __future__ import annotations

import math
from collections.abc import Iterator

from stream_monitor.performance.comparison import VERDICTS
from stream_monitor.performance.rollout_result import RolloutResult, VersionResult
from stream_monitor.pipeline.snapshot import DeploymentSnapshot
from stream_monitor.server import version_metrics as metrics
from stream_monitor.server.metric import Sample


def version_samples(rollout: RolloutResult) -> Iterator[Sample]:
    """Yield the samples of one model's versions."""
    for version in rollout.versions:
        yield from _version(rollout, version)
        yield from _comparison(rollout, version)
    if rollout.split_p_value is not None:
        yield metrics.SPLIT_P_VALUE, (rollout.model,), rollout.split_p_value


def _version(rollout: RolloutResult, version: VersionResult) -> Iterator[Sample]:
    key = rollout.model, version.version
    yield metrics.VERSION_SHARE, key, version.share
    yield metrics.CHAMPION, key, float(version.version == rollout.champion)
    yield metrics.ROLLBACK, key, float(version.is_worse)
    if version.first_ts is not None and version.last_ts is not None:
        yield metrics.VERSION_FIRST_SEEN, key, version.first_ts
        yield metrics.VERSION_LAST_SEEN, key, version.last_ts


def _comparison(rollout: RolloutResult, version: VersionResult) -> Iterator[Sample]:
    comparison = version.comparison
    if comparison is None or rollout.champion is None:
        return
    pair = rollout.model, rollout.champion, version.version
    for verdict in VERDICTS.values():
        yield metrics.VERSION_VERDICT, (*pair, verdict), float(comparison.verdict == verdict)
    if math.isfinite(comparison.difference):
        of = *pair, rollout.measure
        yield metrics.VERSION_DIFFERENCE, (*of, "lower"), comparison.bounds.lower
        yield metrics.VERSION_DIFFERENCE, (*of, "estimate"), comparison.difference
        yield metrics.VERSION_DIFFERENCE, (*of, "upper"), comparison.bounds.upper


def deployment_samples(deployments: DeploymentSnapshot) -> Iterator[Sample]:
    """Yield the samples of the deployments by Git."""
    for outcome, count in deployments.outcomes.items():
        yield metrics.DEPLOYMENTS, (outcome,), count
    for reason, count in deployments.faults.items():
        yield metrics.DEPLOYMENT_FAILURES, (reason,), count
    yield metrics.DEPLOYMENTS_WAITING, (), deployments.waiting
