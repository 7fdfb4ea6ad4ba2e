"""Deployments: requests that follow from verdicts, carried out one after the other beside the loop."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, get_args

from stream_monitor.actions.audit_log import AuditLog
from stream_monitor.actions.deployment_attempt import DeploymentAttempt
from stream_monitor.actions.deployment_request import (
    Deployed,
    DeploymentError,
    DeploymentRequest,
    Fault,
    Outcome,
)
from stream_monitor.actions.git_target import GitTarget
from stream_monitor.core.clock import Clock

logger = logging.getLogger(__name__)

#: Models whose requests wait; above it the oldest request is dropped.
MAX_WAITING = 100
#: Seconds between two attempts, at first and at most.
MIN_BACK_OFF, MAX_BACK_OFF = 30.0, 3_600.0


class Deployments:
    """Carries out requests to deploy, in a thread of its own, and repeats what fails.

    A request is part of the saved state from its verdict to its end, and begun once the verdict is in the audit file,
    which is after it is saved. A newer one of the same model takes its place. The methods are called by the loop, and
    none waits for a repository, but `close`.

    Args:
        target: Where versions are written.
        audit: The audit log, which has the verdicts, and takes the ends of requests.
        clock: The time, for back-off.

    Attributes:
        outcomes: The ends of requests so far.
        faults: The failed attempts so far.
    """

    def __init__(self, target: GitTarget, audit: AuditLog, clock: Clock) -> None:
        self._target, self._audit, self._clock = target, audit, clock
        self._waiting: dict[str, DeploymentRequest] = {}
        self._model: str | None = None
        self._attempt: DeploymentAttempt | None = None
        self._failures, self._next_attempt = 0, clock.monotonic()
        self.outcomes: Counter[Outcome] = Counter(dict.fromkeys(get_args(Outcome), 0))
        self.faults: Counter[Fault] = Counter(dict.fromkeys(get_args(Fault), 0))

    @property
    def waiting(self) -> int:
        """The number of requests that wait."""
        return len(self._waiting)

    def put(self, entries: Iterable[Mapping[str, Any]]) -> None:
        """Take the requests that follow from entries of the audit log; nothing is begun yet."""
        for request in filter(None, map(DeploymentRequest.of, entries)):
            self._model = self._model or request.model
            if self._target.is_of_one_model and request.model != self._model:
                detail = f"--promote-file has no {{model}}, and is the file of {self._model}"
                self._end(request, Deployed("left", detail))
                continue
            before = self._waiting.pop(request.model, None)
            if before is None and len(self._waiting) >= MAX_WAITING:
                before = self._waiting.pop(next(iter(self._waiting)))
            if before and not self._is_attempted(before):
                self._end(before, Deployed("superseded", f"by a newer verdict: {request.reason}"))
            self._waiting[request.model] = request
            self._failures, self._next_attempt = 0, self._clock.monotonic()

    @property
    def is_due(self) -> bool:
        """True if an attempt is finished or one is to be begun."""
        return self._attempt.is_finished if self._attempt else self._next() is not None

    def advance(self) -> None:
        """Take the result of a finished attempt; begin the next one that is due."""
        if self._attempt and self._attempt.is_finished:
            attempt, self._attempt = self._attempt, None
            self._finish(attempt)
        request = self._next()
        if request and not self._attempt:
            self._attempt = DeploymentAttempt(self._target, request, self._audit)

    def close(self) -> None:
        """Stop an attempt; it is repeated after the next start."""
        if self._attempt:
            self._attempt.stop()
            if self._attempt.is_finished:
                self._finish(self._attempt)

    def _next(self) -> DeploymentRequest | None:
        """Return the request to begin now."""
        is_time = self._clock.monotonic() >= self._next_attempt
        return next((each for each in self._waiting.values() if is_time and each.number <= self._audit.written), None)

    def _is_attempted(self, request: DeploymentRequest) -> bool:
        return self._attempt is not None and self._attempt.request == request

    def _finish(self, attempt: DeploymentAttempt) -> None:
        """Note the end of the request that was attempted, or let it wait again."""
        request, is_newest = attempt.request, self._waiting.get(attempt.request.model) == attempt.request
        try:
            deployed = attempt.result()
        except DeploymentError as error:
            self._fail(request, error)
            if is_newest:
                self._waiting[request.model] = self._waiting.pop(request.model)
                return
            deployed = Deployed("superseded", "by a newer verdict")
        if is_newest:
            self._failures = 0
            del self._waiting[request.model]
        self._end(request, deployed)

    def _fail(self, request: DeploymentRequest, error: DeploymentError) -> None:
        self.faults[error.fault] += 1
        wait = min(MIN_BACK_OFF * 2.0 ** min(self._failures, 10), MAX_BACK_OFF)
        self._failures, self._next_attempt = self._failures + 1, self._clock.monotonic() + wait
        message = "--promote-git: can't deploy %s %s: %s; it is tried again in %.0f s"
        logger.warning(message, request.model, request.version, error, wait)

    def _end(self, request: DeploymentRequest, deployed: Deployed) -> None:
        """Count, log and audit the end of a request."""
        self.outcomes[deployed.outcome] += 1
        message = "--promote-git: %s %s: %s: %s"
        logger.info(message, request.model, request.version, deployed.outcome, deployed.detail)
        entry = {
            "event": "deployment",
            "model": request.model,
            "version": request.version,
            "instead": request.instead,
            "outcome": deployed.outcome,
            "reason": deployed.detail,
            "commit": deployed.commit,
        }
        self._audit.put([entry])

    def state(self) -> dict[str, Any]:
        return {
            "waiting": [list(each) for each in self._waiting.values()],
            "model": self._model,
            "outcomes": dict(self.outcomes),
            "faults": dict(self.faults),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        requests = [DeploymentRequest(*saved) for saved in state["waiting"]]
        self._waiting = {each.model: each for each in requests}
        self._model = state["model"]
        self.outcomes.update(state["outcomes"])
        self.faults.update(state["faults"])
