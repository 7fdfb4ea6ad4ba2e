"""The git command, in a bare repository that is thrown away: no work tree, no hooks of its own, no prompt."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from stream_monitor.core.errors import SinkError

#: Seconds after which a command is stopped.
MAX_SECONDS = 60.0
#: Characters that are told of what a command prints.
MAX_TOLD = 500
#: Commits of a branch that are fetched.
MAX_COMMITS = 100
#: Where the fetched branch is.
_BASE = "refs/stream-monitor/base"
#: Nothing runs in the background of a command, and holds its pipes.
_OPTIONS = ("-c", "gc.auto=0", "-c", "maintenance.auto=false", "-c", "core.hooksPath=/dev/null")
#: Variables that lead to another repository or index.
_OF_OTHERS = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR", "GIT_PREFIX")
_NAME = {f"GIT_{who}_{what}" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
#: Variables that the environment of the process may set otherwise.
_DEFAULTS = {
    **{name: "stream-monitor@localhost" if name.endswith("EMAIL") else "stream-monitor" for name in _NAME},
    "GIT_SSH_COMMAND": "ssh -o BatchMode=yes",
    "GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh",
}
#: What a remote repository says when somebody else has pushed in the meantime.
_CONFLICTS = re.compile(r"\[rejected\]|cannot lock ref|failed to update ref|incorrect old value")


class GitError(SinkError):
    """A command has failed. Its text is what git printed, without the user and password of an address."""


class PushConflictError(GitError):
    """The branch has commits that were not fetched."""


class PushRefusedError(GitError):
    """The remote repository does not take the commit: a hook, a protected branch, a missing permission."""


class BlobEntry(NamedTuple):
    """A file of a commit: its mode, such as ``100644``, and its content."""

    mode: str
    content: bytes


class Git:
    """A bare repository beside a remote one. Credentials are git's own affair: a helper, a key, the environment.

    Args:
        directory: An empty directory.
        remote: The address or path of the remote repository.
    """

    def __init__(self, directory: Path, remote: str) -> None:
        self._directory, self._remote = directory, remote
        self._process: subprocess.Popen[bytes] | None = None
        self._is_stopped = False
        self._run("init", "--quiet", "--bare", ".")

    def default_branch(self) -> str:
        """Return the name of the branch that the remote repository's ``HEAD`` is.

        Raises:
            GitError: The repository can't be read, or is empty.
        """
        told = self._run("ls-remote", "--symref", self._remote, "HEAD").decode(errors="replace")
        found = re.match(r"ref: refs/heads/(\S+)\tHEAD", told)
        if not found:
            raise GitError("the repository has no commit, or HEAD is no branch: name one, as REPOSITORY#BRANCH")
        return found[1]

    def fetch(self, branch: str) -> None:
        """Fetch the newest commits of a branch, from then on the base.

        Raises:
            GitError: The repository or the branch can't be read.
        """
        refspec = f"+refs/heads/{branch}:{_BASE}"
        self._run("fetch", "--quiet", "--no-tags", f"--depth={MAX_COMMITS}", self._remote, refspec)

    def read(self, path: str) -> BlobEntry | None:
        """Return a file of the base, None if there is none."""
        told = self._run("ls-tree", "-z", _BASE, "--", path).decode(errors="replace")
        found = re.fullmatch(r"(100\d+) blob (\w+)\t[^\0]*\0", told)
        return BlobEntry(found[1], self._run("cat-file", "blob", found[2])) if found else None

    def find(self, text: str) -> str | None:
        """Return the newest commit of the base whose message has this text, None if there is none."""
        told = self._run("log", "-1", "--format=%H", "--fixed-strings", f"--grep={text}", _BASE)
        return told.decode().strip() or None

    def commit(self, path: str, entry: BlobEntry, message: str) -> str:
        """Return a new commit on the base in which one file is another one, and everything else is as it was."""
        blob = self._run("hash-object", "-w", "--stdin", given=entry.content).decode().strip()
        self._run("read-tree", _BASE)
        self._run("update-index", "--cacheinfo", f"{entry.mode},{blob},{path}")
        tree = self._run("write-tree").decode().strip()
        return self._run("commit-tree", tree, "-p", _BASE, "-F", "-", given=message.encode()).decode().strip()

    def push(self, commit: str, branch: str) -> None:
        """Push a commit to a branch, which must be an ancestor of it or new; nothing is ever overwritten.

        Raises:
            PushConflictError: The branch has other commits.
            PushRefusedError: The remote repository does not take it.
            GitError: The repository can't be reached.
        """
        try:
            self._run("push", "--porcelain", self._remote, f"{commit}:refs/heads/{branch}")
        except GitError as error:
            if _CONFLICTS.search(str(error)):
                raise PushConflictError(str(error)) from None
            if "[remote rejected]" in str(error):
                raise PushRefusedError(str(error)) from None
            raise

    def stop(self) -> None:
        """Stop the command that runs, and let none begin; called from any thread."""
        self._is_stopped = True
        if self._process:
            _kill(self._process)

    def _run(self, *arguments: str, given: bytes = b"") -> bytes:
        """Run a command and return what it prints; raises `GitError` if it fails or takes too long."""
        if self._is_stopped:
            raise GitError("stopped")
        with subprocess.Popen(
            ["git", *_OPTIONS, *arguments],
            cwd=self._directory,
            env=_environment(os.environ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        ) as self._process:
            try:
                told, complaint = self._process.communicate(given, MAX_SECONDS)
            except subprocess.TimeoutExpired:
                _kill(self._process)
                raise GitError(f"git {arguments[0]} took more than {MAX_SECONDS:g} s") from None
        if self._process.returncode:
            raise GitError(f"git {arguments[0]}: {_told(told + complaint)}")
        return told


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a command and what it has started, such as ssh."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _environment(own: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a command: no prompt, messages in English, and no other repository."""
    kept = {name: value for name, value in own.items() if name not in _OF_OTHERS}
    return {**_DEFAULTS, **kept, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}


def _told(output: bytes) -> str:
    """Return what a command printed, on one line, without the user and password of an address.

    >>> _told(b"fatal: unable to access 'https://bot:secret@git.example/r.git/'")
    "fatal: unable to access 'https://git.example/r.git/'"
    """
    line = " ".join(output.decode(errors="replace").split())
    return re.sub(r"://[^/@\s']*@", "://", line)[:MAX_TOLD] or "no message"
