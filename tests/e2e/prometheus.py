"""A Prometheus of the test's own, which scrapes one target every second."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

START_SECONDS = 30
WAIT_SECONDS = 30
CONFIG = """
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
  - job_name: stream_monitor
    static_configs: [{{targets: ["{target}"]}}]
"""
Series = tuple[dict[str, str], float]


def find_binary(name: str) -> str | None:
    """Return the path of a program of Prometheus, None if it is not installed."""
    return shutil.which(name)


class Prometheus:
    """A Prometheus that runs until the end of its ``with`` block; its data are then deleted."""

    def __init__(self, binary: str, target: str) -> None:
        self._binary, self._target = binary, target
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._address = f"127.0.0.1:{free.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._home = Path(tempfile.mkdtemp(prefix="stream-monitor-prometheus-"))
        config, self._log = self._home / "prometheus.yml", self._home / "log"
        config.write_text(CONFIG.format(target=self._target))
        options = {
            "config.file": str(config),
            "storage.tsdb.path": str(self._home / "data"),
            "web.listen-address": self._address,
        }
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [self._binary, *(f"--{key}={value}" for key, value in options.items())], stdout=log, stderr=log
            )
        try:
            self._wait_until_ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self._home, ignore_errors=True)

    def query(self, promql: str) -> list[Series]:
        """Return the labels and values of an instant query."""
        url = f"http://{self._address}/api/v1/query?{urllib.parse.urlencode({'query': promql})}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            body: dict[str, Any] = json.load(answer)
        return [(series["metric"], float(series["value"][1])) for series in body["data"]["result"]]

    def value(self, promql: str) -> float | None:
        """Return the value of a query with one result; None while it has none."""
        found = self.query(promql)
        assert len(found) <= 1, f"{promql} has {len(found)} results"
        return found[0][1] if found else None

    def wait_for(self, promql: str, condition: Callable[[float | None], bool]) -> None:
        """Wait until a query's value meets the condition."""
        deadline = time.monotonic() + WAIT_SECONDS
        while not condition(value := self.value(promql)):
            assert time.monotonic() < deadline, f"{promql} is {value}"
            time.sleep(0.2)

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            assert self._process.poll() is None, f"Prometheus has ended:\n{self._log.read_text()}"
            assert time.monotonic() < deadline, f"Prometheus does not start:\n{self._log.read_text()}"
            try:
                with urllib.request.urlopen(f"http://{self._address}/-/ready", timeout=5) as answer:
                    if answer.status == 200:
                        return
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                time.sleep(0.1)
