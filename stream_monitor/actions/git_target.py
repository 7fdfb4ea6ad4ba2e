"""The file in a Git repository that says which version of a model is deployed."""

from __future__ import annotations

import re
from dataclasses import dataclass

from stream_monitor.actions.deployment_request import Deployed, DeploymentError, DeploymentRequest
from stream_monitor.actions.git import BlobEntry, Git, GitError, PushConflictError, PushRefusedError
from stream_monitor.actions.yaml_value import YamlValue, YamlValueError

#: Attempts to push in a row, each on what others have pushed in the meantime.
MAX_PUSHES = 5


@dataclass(frozen=True)
class GitTarget:
    """The place where a version is written. ``{model}`` and ``{version}`` stand for the names in a request.

    Attributes:
        repository: Address or path of a Git repository.
        branch: The branch that is followed; None: that of the repository's ``HEAD``.
        file: Path of a YAML file in it.
        key: The key of the version in the file.
        offered: The branch to which commits are pushed; None: that which is followed.
    """

    repository: str
    branch: str | None
    file: str
    key: str
    offered: str | None = None

    @property
    def is_of_one_model(self) -> bool:
        """True where every model would have the same place."""
        return "{model}" not in self.file + self.key

    def deploy(self, git: Git, request: DeploymentRequest, audit_hash: str) -> Deployed:
        """Write a version, unless that was done before or somebody else has changed the value.

        Args:
            git: A repository beside this one.
            request: The request.
            audit_hash: The hash of its line in the audit log, for the message of the commit.

        Raises:
            DeploymentError: That is not possible now.
        """
        is_named = "{model}" in f"{self.file}{self.key}{self.offered}"
        if is_named and not re.fullmatch(r"\w[\w.-]*", request.model):
            return Deployed("left", f"the model {request.model!r} can't be a part of a path")
        try:
            return self._deploy(git, request, audit_hash)
        except PushRefusedError as error:
            raise DeploymentError("refused", str(error)) from None
        except PushConflictError as error:
            raise DeploymentError("conflict", str(error)) from None
        except GitError as error:
            raise DeploymentError("unreachable", str(error)) from None

    def _deploy(self, git: Git, request: DeploymentRequest, audit_hash: str) -> Deployed:
        """Commit on the newest commit of the branch and push; where others have pushed in between, anew."""
        branch = self.branch or git.default_branch()
        for left in reversed(range(MAX_PUSHES)):
            git.fetch(branch)
            done = git.find(_mark(request))
            if done:
                return Deployed("pushed", f"{branch} has the commit already", done)
            path, entry = self._path(request), self._changed(git, request)
            if isinstance(entry, Deployed):
                return entry
            commit = git.commit(path, entry, _message(request, audit_hash))
            if self.offered is not None:
                return self._offer(git, request, commit)
            try:
                git.push(commit, branch)
                return Deployed("pushed", f"{path} on {branch}", commit)
            except PushConflictError:
                if not left:
                    raise
        raise AssertionError("the last push returns or raises")

    def _offer(self, git: Git, request: DeploymentRequest, commit: str) -> Deployed:
        """Push a commit to the offered branch, unless that has commits of its own."""
        version = re.sub(r"[^\w.-]|\.(?=\.|$)", "-", request.version)
        name = str(self.offered).replace("{model}", request.model).replace("{version}", version)
        try:
            git.push(commit, name)
            return Deployed("offered", f"the branch {name}", commit)
        except PushConflictError:
            git.fetch(name)
            done = git.find(_mark(request))
            if done:
                return Deployed("offered", f"the branch {name} has the commit already", done)
            return Deployed("left", f"the branch {name} has other commits")

    def _path(self, request: DeploymentRequest) -> str:
        return self.file.replace("{model}", request.model)

    def _changed(self, git: Git, request: DeploymentRequest) -> BlobEntry | Deployed:
        """Return the file with the version, or the end of the request where nothing is to be changed."""
        path, key = self._path(request), self.key.replace("{model}", request.model.replace(".", "\\."))
        entry = git.read(path)
        if entry is None:
            raise DeploymentError("missing_file", f"the repository has no file {path}")
        try:
            value = YamlValue(entry.content, key)
            if value.text == request.version:
                return Deployed("unchanged", f"{path} has {request.version} already")
            if value.text != request.instead:
                return Deployed(
                    "left", f"{path} has {value.text!r} by now, not {request.instead}: somebody changed it"
                )
            return BlobEntry(entry.mode, value.replaced(request.version))
        except YamlValueError as error:
            raise DeploymentError("missing_key", f"{path} {error}") from None


def _mark(request: DeploymentRequest) -> str:
    """Return the line by which the commit of a request is known."""
    return f"Deployment-Id: {request.id}"


def _message(request: DeploymentRequest, audit_hash: str) -> str:
    """Return the message of a commit."""
    subject = f"Deploy {request.model} {request.version} instead of {request.instead}"
    return f"{_line(subject)}\n\n{_line(request.reason)}\n\nAudit-Line: {audit_hash}\n{_mark(request)}\n"


def _line(text: str) -> str:
    """Return a text on one line."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())
