"""The Dockerfile, checked without a Docker engine."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from stream_monitor.cli.commands import COMMANDS
from stream_monitor.config.loading import PREFIX, variable
from stream_monitor.config.settings import RunConfig
from tests.dockerfile import BUILD, DOCKERFILE, REPOSITORY, RUNTIME, STARTS, arguments, pairs

PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]


# The Dockerfile


def test_both_stages_start_from_one_pinned_image() -> None:
    tag = pairs("ARG", DOCKERFILE[: STARTS[0]])["PYTHON_TAG"]
    assert arguments("FROM", DOCKERFILE) == [f"python:${{PYTHON_TAG}} AS {name}" for name in ("build", "runtime")]
    assert re.fullmatch(r"3\.\d+-slim-[a-z]+", tag)


def test_the_image_runs_as_a_numeric_user_who_is_not_root() -> None:
    (user,) = arguments("USER", RUNTIME)
    assert all(int(part) > 0 for part in user.split(":"))


def test_nothing_is_fetched_by_add_and_little_is_copied() -> None:
    assert not arguments("ADD", DOCKERFILE)
    assert arguments("COPY", RUNTIME) == ["--from=build /opt/stream-monitor /opt/stream-monitor"]


def test_the_build_context_holds_what_is_copied() -> None:
    sources = {source for argument in arguments("COPY", BUILD) for source in argument.split()[:-1]}
    ignore = (REPOSITORY / ".dockerignore").read_text().splitlines()
    assert "*" in ignore
    assert sources == {line.removeprefix("!") for line in ignore if line.startswith("!")}


def test_a_read_only_root_file_system_is_enough() -> None:
    environment = pairs("ENV", RUNTIME)
    assert environment["PYTHONDONTWRITEBYTECODE"] == "1"
    assert json.loads(arguments("VOLUME", RUNTIME)[0]) == [environment["HOME"]]


def test_every_variable_is_a_setting_of_the_sidecar() -> None:
    names = {name for name in pairs("ENV", RUNTIME) if name.startswith(PREFIX)}
    assert names <= {variable(name) for name in RunConfig.model_fields}


def test_the_label_has_the_version_of_the_package() -> None:
    assert pairs("ARG", RUNTIME)["VERSION"] == PROJECT["version"]


def test_the_command_is_the_sidecar() -> None:
    (entrypoint,), (command,) = arguments("ENTRYPOINT", RUNTIME), arguments("CMD", RUNTIME)
    assert json.loads(entrypoint)[0] in PROJECT["scripts"]
    assert json.loads(command)[0] in COMMANDS


# The health check


class _Health(BaseHTTPRequestHandler):
    """A handler that returns the status that its server has."""

    def do_GET(self) -> None:
        status = self.server.status if self.path == "/healthz" else 404  # type: ignore[attr-defined]
        self.send_response(status)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


@pytest.fixture
def sidecar() -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Health) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def _is_healthy(port: int) -> bool:
    check = json.loads(arguments("HEALTHCHECK", RUNTIME)[0].partition("CMD ")[2])
    assert check[0] == "python"
    listen = pairs("ENV", RUNTIME)["STREAM_MONITOR_LISTEN"].replace("9464", str(port))
    environment = {**os.environ, "STREAM_MONITOR_LISTEN": listen, "http_proxy": "http://127.0.0.1:1"}
    return subprocess.run([sys.executable, *check[1:]], env=environment, capture_output=True).returncode == 0


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (503, False)])
def test_the_health_check_asks_the_sidecar(sidecar: ThreadingHTTPServer, status: int, healthy: bool) -> None:
    sidecar.status = status  # type: ignore[attr-defined]
    assert _is_healthy(sidecar.server_port) is healthy


def test_the_health_check_fails_when_nobody_answers() -> None:
    assert not _is_healthy(1)
