"""The repository that the demo deploys from."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from stream_monitor.core.errors import ConfigError
from stream_monitor.demo.clock import DemoClock
from stream_monitor.demo.deployment import FILE, Deployment
from stream_monitor.demo.service import Service


def test_what_is_committed_is_deployed(tmp_path: Path) -> None:
    service = Service()
    deployment = Deployment(tmp_path, service, DemoClock(is_fast=True))
    deployment.start()
    try:
        clone = tmp_path / "clone"
        subprocess.run(["git", "clone", "-q", deployment.repository, clone], check=True)
        path = clone / FILE
        path.write_text(path.read_text().replace("'7'", '"8"'))
        author = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
        subprocess.run(["git", "-C", clone, *author, "commit", "-q", "-a", "-m", "Version 8 serves"], check=True)
        subprocess.run(["git", "-C", clone, "push", "-q"], check=True)
        end = time.monotonic() + 20
        while service.deployed != "8" and time.monotonic() < end:
            time.sleep(0.05)
        assert service.deployed == "8"
    finally:
        deployment.stop()
    assert deployment.deployed and deployment.deployed[1] == "8"
    assert deployment.newest()[1] == "Version 8 serves"


def test_without_git_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match="git, which is not on the PATH"):
        Deployment(tmp_path, Service(), DemoClock(is_fast=True))
