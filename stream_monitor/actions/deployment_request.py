"""A request to deploy a version, which follows from a verdict in the audit log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from stream_monitor.core.errors import SinkError

#: What becomes of a request: its commit is on the branch; on a branch that is offered; the file has the version
#: already; the file or branch is somebody else's by now; a newer verdict came before it could be done.
Outcome = Literal["pushed", "offered", "unchanged", "left", "superseded"]
#: Why a request has to wait: the repository can't be reached; it does not take the commit; others push all the time;
#: the file, or its key, is not there; the line of the audit log is not written yet.
Fault = Literal["unreachable", "refused", "conflict", "missing_file", "missing_key", "missing_audit"]


class DeploymentError(SinkError):
    """A request can't be carried out now; it waits."""

    def __init__(self, fault: Fault, message: str) -> None:
        super().__init__(message)
        self.fault: Fault = fault


class DeploymentRequest(NamedTuple):
    """A version to deploy.

    Attributes:
        model: The model.
        version: The version that a verdict favours.
        instead: The other one of the verdict.
        reason: The verdict, for a person.
        state, number: The entry of the audit log: the same over a kill.
    """

    model: str
    version: str
    instead: str
    reason: str
    state: str
    number: int

    @property
    def id(self) -> str:
        """The id, the same each time that the request is repeated."""
        return f"{self.state}-{self.number}"

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> DeploymentRequest | None:
        """Return the request that follows from an entry of the audit log, None if none does."""
        favoured = entry.get("favoured")
        if entry["event"] != "verdict" or favoured is None:
            return None
        instead = entry["champion"] if favoured == entry["version"] else entry["version"]
        return cls(entry["model"], favoured, instead, entry["reason"], entry["state"], entry["number"])


class Deployed(NamedTuple):
    """The end of a request.

    Attributes:
        outcome: What has become of it.
        detail: The same for a person.
        commit: The commit; None where there is none.
    """

    outcome: Outcome
    detail: str
    commit: str | None = None
