"""The sidecar of ``run`` in a child process, its log, and what it exports."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Sequence
from typing import Any

import orjson
from prometheus_client.parser import text_string_to_metric_families

from stream_monitor.core.errors import ConfigError


class Sidecar:
    """``stream-monitor run`` in a child process.

    Args:
        flags: Its flags.

    Attributes:
        command: The command, as a user would type it.
        lines: Its log lines so far.
        url: Where it serves, empty until it does.
    """

    def __init__(self, flags: Sequence[str]) -> None:
        self.command = ["stream-monitor", "run", *flags]
        self.lines: list[dict[str, Any]] = []
        self.url = ""
        self._serving = threading.Event()

    def start(self) -> bool:
        """Start it; return True when it serves."""
        command = [sys.executable, "-m", "stream_monitor", *self.command[1:], "--log-format", "json"]
        # In a session of its own, so that Ctrl-C ends the demo only, which then stops the sidecar.
        self._process = subprocess.Popen(command, stderr=subprocess.PIPE, start_new_session=True)
        threading.Thread(target=self._read, daemon=True).start()
        self._serving.wait(20)
        return bool(self.url)

    def stop(self) -> int:
        """Stop it by SIGTERM, as an orchestrator does; return its exit code."""
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def metrics(self) -> Metrics:
        """Return what it exports now."""
        return Metrics(urllib.request.urlopen(f"{self.url}metrics", timeout=10).read().decode())

    def _read(self) -> None:
        assert self._process.stderr
        for raw in self._process.stderr:
            try:
                line = orjson.loads(raw)
            except orjson.JSONDecodeError:
                line = {"event": "other", "message": raw.decode(errors="replace").rstrip()}
            self.lines.append(line)
            if line.get("event") == "serving":
                self.url = line["url"]
                self._serving.set()
        self._serving.set()


class Metrics:
    """The samples of a scrape.

    Args:
        text: What /metrics has returned.
    """

    def __init__(self, text: str) -> None:
        self._samples = [
            (sample.name.removeprefix("stream_monitor_"), sample.labels, sample.value)
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        ]

    def all(self, name: str, **labels: str) -> list[tuple[dict[str, str], float]]:
        """Return the labels and values of the samples of a name that have these labels."""
        return [
            (have, value) for known, have, value in self._samples if known == name and labels.items() <= have.items()
        ]

    def total(self, name: str, **labels: str) -> float:
        """Return the sum of these samples; 0 without any."""
        return sum(value for _, value in self.all(name, **labels))

    def value(self, name: str, **labels: str) -> float | None:
        """Return the first of these samples, None without any."""
        return next((value for _, value in self.all(name, **labels)), None)


def run_command(*arguments: str) -> str:
    """Run another command of the program; return what it prints.

    Raises:
        ConfigError: It fails.
    """
    done = subprocess.run(
        [sys.executable, "-m", "stream_monitor", *arguments], capture_output=True, text=True, timeout=120, check=False
    )
    if done.returncode:
        raise ConfigError(f"stream-monitor {arguments[0]}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout
