"""The Dockerfile, checked and its install steps run without a Docker engine."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

import pytest

from stream_monitor.cli import cli
from stream_monitor.config.loading import PREFIX, variable
from stream_monitor.config.settings import RunConfig

REPOSITORY = Path(__file__).parents[3]
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]


class Instruction(NamedTuple):
    """One instruction of a Dockerfile, its lines joined."""

    keyword: str
    argument: str


def _read_dockerfile(path: Path) -> list[Instruction]:
    lines = [line for line in map(str.strip, path.read_text().splitlines()) if line and not line.startswith("#")]
    text = "\n".join(lines).replace("\\\n", "")
    return [Instruction(*line.split(maxsplit=1)) for line in text.splitlines()]


DOCKERFILE = _read_dockerfile(REPOSITORY / "docker/Dockerfile")
_STARTS = [at for at, instruction in enumerate(DOCKERFILE) if instruction.keyword == "FROM"]
BUILD, RUNTIME = (DOCKERFILE[start:end] for start, end in zip(_STARTS, [*_STARTS[1:], None], strict=True))


def _arguments(keyword: str, stage: list[Instruction]) -> list[str]:
    return [instruction.argument for instruction in stage if instruction.keyword == keyword]


def _pairs(keyword: str, stage: list[Instruction]) -> dict[str, str]:
    """What ``NAME=VALUE ...`` instructions set."""
    words = [word for argument in _arguments(keyword, stage) for word in shlex.split(argument)]
    return {name: value for name, _, value in (word.partition("=") for word in words)}


# The Dockerfile


def test_both_stages_start_from_one_pinned_image() -> None:
    tag = _pairs("ARG", DOCKERFILE[: _STARTS[0]])["PYTHON_TAG"]
    assert _arguments("FROM", DOCKERFILE) == [f"python:${{PYTHON_TAG}} AS {name}" for name in ("build", "runtime")]
    assert re.fullmatch(r"3\.\d+-slim-[a-z]+", tag)


def test_the_image_runs_as_a_numeric_user_who_is_not_root() -> None:
    (user,) = _arguments("USER", RUNTIME)
    assert all(int(part) > 0 for part in user.split(":"))


def test_nothing_is_fetched_by_add_and_little_is_copied() -> None:
    assert not _arguments("ADD", DOCKERFILE)
    assert _arguments("COPY", RUNTIME) == ["--from=build /opt/stream-monitor /opt/stream-monitor"]


def test_the_build_context_holds_what_is_copied() -> None:
    sources = {source for argument in _arguments("COPY", BUILD) for source in argument.split()[:-1]}
    ignore = (REPOSITORY / ".dockerignore").read_text().splitlines()
    assert "*" in ignore
    assert sources == {line.removeprefix("!") for line in ignore if line.startswith("!")}


def test_a_read_only_root_file_system_is_enough() -> None:
    environment = _pairs("ENV", RUNTIME)
    assert environment["PYTHONDONTWRITEBYTECODE"] == "1"
    assert json.loads(_arguments("VOLUME", RUNTIME)[0]) == [environment["HOME"]]


def test_every_variable_is_a_setting_of_the_sidecar() -> None:
    names = {name for name in _pairs("ENV", RUNTIME) if name.startswith(PREFIX)}
    assert names <= {variable(name) for name in RunConfig.model_fields}


def test_the_label_has_the_version_of_the_package() -> None:
    assert _pairs("ARG", RUNTIME)["VERSION"] == PROJECT["version"]


def test_the_command_is_the_sidecar() -> None:
    (entrypoint,), (command,) = _arguments("ENTRYPOINT", RUNTIME), _arguments("CMD", RUNTIME)
    assert json.loads(entrypoint)[0] in PROJECT["scripts"]
    assert json.loads(command)[0] in cli.commands


# The health check


class _Health(BaseHTTPRequestHandler):
    """Says what the server it belongs to is told to."""

    def do_GET(self) -> None:
        status = self.server.status if self.path == "/healthz" else 404  # type: ignore[attr-defined]
        self.send_response(status)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def sidecar() -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Health) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def _is_healthy(port: int) -> bool:
    check = json.loads(_arguments("HEALTHCHECK", RUNTIME)[0].partition("CMD ")[2])
    assert check[0] == "python"
    listen = _pairs("ENV", RUNTIME)["STREAM_MONITOR_LISTEN"].replace("9464", str(port))
    environment = {**os.environ, "STREAM_MONITOR_LISTEN": listen, "http_proxy": "http://127.0.0.1:1"}
    return subprocess.run([sys.executable, *check[1:]], env=environment, capture_output=True).returncode == 0


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (503, False)])
def test_the_health_check_asks_the_sidecar(sidecar: ThreadingHTTPServer, status: int, healthy: bool) -> None:
    sidecar.status = status  # type: ignore[attr-defined]
    assert _is_healthy(sidecar.server_port) is healthy


def test_the_health_check_fails_when_nobody_answers() -> None:
    assert not _is_healthy(1)


# The install steps, run


def _build_environment() -> dict[str, str]:
    """This process's, so that pip finds its index; this Python in front, nothing of this environment."""
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
        """Whatever Python runs the tests."""

    def _arg(self, argument: str) -> None:
        self.environment |= _pairs("ARG", [Instruction("ARG", argument)])

    def _env(self, argument: str) -> None:
        pairs = _pairs("ENV", [Instruction("ENV", argument)])
        pairs.pop("PIP_NO_CACHE_DIR", None)
        paths = {name: str(self._under_root(value)) for name, value in pairs.items() if value.startswith("/")}
        self.environment |= pairs | paths

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
    """The virtual environment that the build stage makes; pytest would keep its 300 MB."""
    root = tmp_path_factory.mktemp("image")
    _Builder(root).run(BUILD)
    yield root / _arguments("COPY", RUNTIME)[0].split()[1].removeprefix("/")
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
