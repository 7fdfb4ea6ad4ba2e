"""A Git repository that says which version serves, and the operator that follows it."""

from __future__ import annotations

import subprocess
import tempfile
import threading
from pathlib import Path

from stream_monitor.core.errors import ConfigError
from stream_monitor.demo.clock import DemoClock
from stream_monitor.demo.service import FIRST_VERSION, Service

FILE, KEY = "models/credit.yaml", "spec.version"
_CONTENT = f"# The version that serves. Whoever deploys follows this file.\nspec:\n  version: '{FIRST_VERSION}'\n"
#: Seconds between two looks at the repository.
_PERIOD = 0.5


class Deployment(threading.Thread):
    """Deploys what the repository says, as Argo CD or Flux would.

    Attributes:
        repository: The bare repository.
        deployed: The time at which it has deployed another version than the first, and that version; None before.
    """

    def __init__(self, directory: Path, service: Service, clock: DemoClock) -> None:
        super().__init__(name="deployment", daemon=True)
        self._service, self._clock = service, clock
        self.repository = directory / "deploy.git"
        self.deployed: tuple[float, str] | None = None
        self._stop_asked = threading.Event()
        with tempfile.TemporaryDirectory() as clone:
            _git("init", "--quiet", "--bare", "--initial-branch=main", str(self.repository))
            _git("clone", "--quiet", str(self.repository), clone)
            path = Path(clone, FILE)
            path.parent.mkdir(parents=True)
            path.write_text(_CONTENT, encoding="utf-8")
            _git("-C", clone, "add", ".")
            author = ("-c", "user.name=Demo", "-c", "user.email=demo@example.org")
            _git("-C", clone, *author, "commit", "--quiet", "--message", f"Version {FIRST_VERSION} serves")
            _git("-C", clone, "push", "--quiet", "origin", "HEAD:main")

    def stop(self) -> None:
        """Stop."""
        self._stop_asked.set()
        self.join(10)

    def run(self) -> None:
        while not self._stop_asked.wait(_PERIOD):
            text = _git(f"--git-dir={self.repository}", "show", f"main:{FILE}")
            version = text.rsplit("version:", 1)[1].strip().strip("'\"")
            if version != self._service.deployed:
                self._service.deploy(version)
                self.deployed = self._clock.now(), version

    def newest(self) -> tuple[str, str]:
        """Return the abbreviated hash and the subject of the newest commit."""
        found = _git(f"--git-dir={self.repository}", "log", "-1", "--format=%h %s", "main").strip()
        commit, _, subject = found.partition(" ")
        return commit, subject


def _git(*arguments: str) -> str:
    """Run git; return what it prints.

    Raises:
        ConfigError: It is not there, or fails.
    """
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True, timeout=30, check=True)
    except FileNotFoundError:
        raise ConfigError("the demo needs git, which is not on the PATH") from None
    except subprocess.CalledProcessError as error:
        raise ConfigError(f"git {arguments[0]}: {error.stderr.strip()}") from None
    return done.stdout
