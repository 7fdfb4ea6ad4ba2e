"""Real Git repositories for tests: a bare one, and commits of somebody else."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

FILE = "models/churn.yaml"
CONTENT = """\
# Deployed by hand, and by stream-monitor.
kind: Model
spec:
    replicas:   2          # two
    version: "3"           # the live one
    image: 'registry/churn:3'
"""
_SOMEBODY = {
    "GIT_AUTHOR_NAME": "Somebody",
    "GIT_AUTHOR_EMAIL": "somebody@localhost",
    "GIT_COMMITTER_NAME": "Somebody",
    "GIT_COMMITTER_EMAIL": "somebody@localhost",
}


def git(directory: Path, *arguments: str) -> str:
    """Run a command as somebody else; return what it prints."""
    environment = {**os.environ, **_SOMEBODY, "GIT_CONFIG_GLOBAL": "/dev/null"}
    done = subprocess.run(
        ["git", *arguments], cwd=directory, env=environment, capture_output=True, text=True, check=True, timeout=30
    )
    return done.stdout


class Remote:
    """A bare repository whose branch ``main`` has one commit, with the file `FILE`, and a clone of somebody else."""

    def __init__(self, directory: Path, files: Mapping[str, str] | None = None) -> None:
        self.path, self._clone = directory / "deploy.git", directory / "somebody"
        git(directory, "init", "--quiet", "--bare", "--initial-branch=main", str(self.path))
        git(directory, "clone", "--quiet", str(self.path), str(self._clone))
        git(self._clone, "checkout", "--quiet", "-B", "main")
        self.push({FILE: CONTENT, "README.md": "# Models\n"} if files is None else files)

    def push(self, files: Mapping[str, str], branch: str = "main") -> None:
        """Commit these files as somebody else, and push."""
        for name, content in files.items():
            path = self._clone / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        git(self._clone, "add", "--all")
        git(self._clone, "commit", "--quiet", "--message", "Somebody's work")
        git(self._clone, "push", "--quiet", "origin", f"HEAD:{branch}")

    def pull(self) -> None:
        """Bring somebody's clone up to date."""
        git(self._clone, "pull", "--quiet", "--rebase", "origin", "main")

    def read(self, path: str = FILE, branch: str = "main") -> str:
        """Return a file as it is now."""
        return git(self.path, "show", f"{branch}:{path}")

    def log(self, branch: str = "main") -> list[str]:
        """Return the subjects of the commits, the newest first."""
        return git(self.path, "log", "--format=%s", branch).splitlines()

    def message(self, branch: str = "main") -> str:
        """Return the message of the newest commit."""
        return git(self.path, "log", "-1", "--format=%B", branch)

    def refuse(self, reason: str) -> Path:
        """Let a hook refuse every push; return the hook."""
        hook = self.path / "hooks" / "pre-receive"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\necho '{reason}' >&2\nexit 1\n")
        hook.chmod(0o755)
        return hook
