"""The state of a pipeline in a checkpoint."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from stream_monitor.actions.audit_log import AuditLog
from stream_monitor.actions.deployments import Deployments
from stream_monitor.actions.outbox import Outbox
from stream_monitor.core.errors import ConfigError
from stream_monitor.pipeline.processor import BatchProcessor
from stream_monitor.sources.base import AppliedOffset, Source
from stream_monitor.state.checkpoint import Checkpoint

logger = logging.getLogger(__name__)


class SavedState:
    """Saves state and applied offsets of a pipeline as one atomic step, and restores them.

    ``fingerprint`` identifies the configuration: a state of another one is restored too, and the log says so.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        fingerprint: str,
        source: Source,
        processor: BatchProcessor,
        outbox: Outbox,
        audit: AuditLog | None = None,
        deployments: Deployments | None = None,
    ) -> None:
        self._checkpoint, self._fingerprint = checkpoint, fingerprint
        self._source, self._processor, self._outbox = source, processor, outbox
        self._audit, self._deployments = audit, deployments

    @property
    def unsaved(self) -> int:
        """Number of changes of waiting records that are kept in memory until they are saved."""
        return self._checkpoint.store.unsaved + self._processor.joiner.unsaved

    def save(self, applied: Sequence[AppliedOffset]) -> None:
        """Write the state that belongs to these offsets."""
        self._checkpoint.save(self.as_dict(applied))

    def as_dict(self, applied: Sequence[AppliedOffset]) -> dict[str, Any]:
        """Return the state that belongs to these offsets."""
        return {
            "settings": self._processor.fleet.settings.of_state,
            "fingerprint": self._fingerprint,
            "owner": self._source.owner,
            "applied": applied,
            "outbox": self._outbox.state(),
            "audit": self._audit.state() if self._audit else None,
            "deployments": self._deployments.state() if self._deployments else None,
            **self._processor.state(),
        }

    def restore(self) -> None:
        """Restore the state that was saved last, if there is one, and let the source go on behind it.

        Raises:
            ConfigError: The state was computed under settings that make it meaningless under the present ones.
        """
        saved = self._checkpoint.load()
        if not saved:
            return
        _check_settings(saved["settings"], self._processor.fleet.settings.of_state)
        if saved["fingerprint"] != self._fingerprint:
            logger.info(
                "the configuration differs from that of the saved state; the state that it does not affect is kept"
            )
        self._processor.restore(saved)
        self._outbox.restore(saved["outbox"])
        if self._audit and saved["audit"]:
            self._audit.restore(saved["audit"])
        if self._deployments and saved["deployments"]:
            self._deployments.restore(saved["deployments"])
        self._source.resume([AppliedOffset(*offset) for offset in saved["applied"]], saved["owner"])
        logger.info("restored the state after %d predictions", self._processor.counters.predictions)


def _check_settings(saved: Mapping[str, Any], current: Mapping[str, Any]) -> None:
    for name, value in saved.items():
        if current.get(name) != value:
            raise ConfigError(
                f"--{name}: the state in --state-dir is of {value}; keep that, or use another directory"
            )
