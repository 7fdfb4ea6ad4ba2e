"""The sidecar of ``run`` in a child process, and its log."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from typing import Any

import orjson


class Sidecar:
    """``stream-monitor run`` in a child process; ``lines`` are its log lines so far."""

    def __init__(self, bootstrap_servers: str, listen: str, kafka_options: dict[str, str]) -> None:
        self.command = [
            "stream-monitor", "run",
            "--bootstrap-servers", bootstrap_servers,
            "--topic", "inference", "--label-topic", "labels",
            "--group-id", "demo",
            "--listen", listen,
            *[part for key, value in kafka_options.items() for part in ("--kafka-option", f"{key}={value}")],
        ]  # fmt: skip
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
