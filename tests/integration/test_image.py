"""The install steps of the Dockerfile's build stage, run without a Docker engine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from stream_monitor.config.loading import PREFIX
from tests.dockerfile import BUILD, REPOSITORY, RUNTIME, Instruction, arguments, pairs

PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]


def _build_environment() -> dict[str, str]:
    """Return this process's environment with this Python first, without the variables of its virtual environment."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith((PREFIX, "PYTHON"))}
    kept.pop("VIRTUAL_ENV", None)
    return {**kept, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}", "PIP_NO_COMPILE": "1"}


class _Builder:
    """Carries out a stage with ``root`` for ``/``. pip keeps its cache and compiles nothing, to save time."""

    def __init__(self, root: Path) -> None:
        self.root = self.directory = root
        self.environment = _build_environment()

    def run(self, stage: list[Instruction]) -> None:
        for keyword, argument in stage:
            getattr(self, f"_{keyword.lower()}")(argument)

    def _under_root(self, path: str) -> Path:
        return self.root / path.removeprefix("/")

    def _from(self, argument: str) -> None:
        """Use the Python that runs the tests as the base image."""

    def _arg(self, argument: str) -> None:
        self.environment |= pairs("ARG", [Instruction("ARG", argument)])

    def _env(self, argument: str) -> None:
        set_here = pairs("ENV", [Instruction("ENV", argument)])
        set_here.pop("PIP_NO_CACHE_DIR", None)
        paths = {name: str(self._under_root(value)) for name, value in set_here.items() if value.startswith("/")}
        self.environment |= set_here | paths

    def _workdir(self, argument: str) -> None:
        self.directory = self._under_root(argument)
        self.directory.mkdir(parents=True)

    def _copy(self, argument: str) -> None:
        *sources, target = argument.split()
        for source in map(REPOSITORY.joinpath, sources):
            if source.is_dir():
                shutil.copytree(source, self.directory / target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, self.directory / target)

    def _run(self, argument: str) -> None:
        done = subprocess.run(
            ["sh", "-ec", argument], cwd=self.directory, env=self.environment, capture_output=True, text=True
        )
        assert done.returncode == 0, f"{argument}\n{done.stdout}{done.stderr}"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Yield the virtual environment that the build stage makes; it is deleted, since it has 300 MB."""
    root = tmp_path_factory.mktemp("image")
    _Builder(root).run(BUILD)
    yield root / arguments("COPY", RUNTIME)[0].split()[1].removeprefix("/")
    shutil.rmtree(root)


def _call(installed: Path, *arguments: str) -> str:
    return subprocess.run(
        [installed / "bin/stream-monitor", *arguments],
        cwd=installed, env=_build_environment(), check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip


def test_what_the_build_stage_installs_runs(installed: Path) -> None:
    assert PROJECT["version"] in _call(installed, "--version")
    assert "page_hinkley" in _call(installed, "detectors")


def test_what_the_build_stage_installs_is_whole_and_has_no_pip(installed: Path) -> None:
    (packages,) = installed.glob("lib/python*/site-packages")
    assert _files(packages / "stream_monitor") == _files(REPOSITORY / "stream_monitor")
    assert not list(packages.glob("pip*"))


def _files(directory: Path) -> set[Path]:
    paths = (path for path in directory.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(directory) for path in paths}
