"""One attempt to carry a deployment out, in a thread of its own."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path

from stream_monitor.actions.audit_log import AuditLog
from stream_monitor.actions.deployment_request import Deployed, DeploymentError, DeploymentRequest
from stream_monitor.actions.git import Git, GitError
from stream_monitor.actions.git_target import GitTarget

#: Seconds for which a stop waits.
MAX_STOP = 5.0


class DeploymentAttempt:
    """Begins an attempt, with a repository in a temporary directory.

    Args:
        target: Where the version is written.
        request: The request.
        audit: The audit log, which has its verdict.
    """

    def __init__(self, target: GitTarget, request: DeploymentRequest, audit: AuditLog) -> None:
        self.request, self._target, self._audit = request, target, audit
        self._git: Git | None = None
        self._is_stopped = False
        self._result: Deployed | DeploymentError | None = None
        self._thread = threading.Thread(target=self._run, name="deployment", daemon=True)
        self._thread.start()

    @property
    def is_finished(self) -> bool:
        """True once there is a result."""
        return not self._thread.is_alive()

    def result(self) -> Deployed:
        """Return the end of a finished attempt.

        Raises:
            DeploymentError: It has failed, and may be repeated.
        """
        if isinstance(self._result, DeploymentError):
            raise self._result
        if self._result is None:
            raise RuntimeError("an attempt to deploy has ended without a result: see the log")
        return self._result

    def stop(self) -> None:
        """Stop the attempt; it can be repeated."""
        self._is_stopped = True
        if self._git:
            self._git.stop()
        self._thread.join(MAX_STOP)

    def _run(self) -> None:
        try:
            self._result = self._deploy()
        except DeploymentError as error:
            self._result = error
        except (OSError, GitError) as error:
            self._result = DeploymentError("unreachable", str(error))

    def _deploy(self) -> Deployed:
        digest = self._audit.hash_of(self.request.state, self.request.number)
        if digest is None:
            raise DeploymentError("missing_audit", "its verdict is not in the audit log")
        with tempfile.TemporaryDirectory(prefix="stream-monitor-", ignore_cleanup_errors=True) as directory:
            self._git = Git(Path(directory), self._target.repository)
            if self._is_stopped:
                raise DeploymentError("unreachable", "stopped")
            return self._target.deploy(self._git, self.request, digest)
