"""``python -m stream_monitor run`` as a child process, started, scraped and stopped by tests."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from typing import Self

from prometheus_client.parser import text_string_to_metric_families

from tests.brokers import Broker

STOP_SECONDS = 30
#: Patience on a busy machine: nothing is asserted about how long a start or a wait takes.
START_SECONDS = 60
WAIT_SECONDS = 120
SERVES = re.compile(r"serves (http://[^\s\"]+:\d+/)")
PREFIX = "stream_monitor_"
ENDS = (
    *("records_applied_total", "records_rejected_total", "records_handed_over_total"),
    *("predictions_duplicate_total", "labels_duplicate_total"),
    *("predictions_expired_total", "labels_expired_total"),
    *("waiting_predictions", "waiting_labels", "waiting_outcomes"),
)
"""What can become of a record: each one is in one of these."""
WAITING = ENDS[-3:]


class Scrape:
    """A scrape of ``/metrics``."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]

    def __call__(self, name: str, **labels: str) -> float:
        """Return the sum over the samples that have these labels; 0 when there is none."""
        return sum(value for _, value in self.series(name, **labels))

    def series(self, name: str, **labels: str) -> list[tuple[Mapping[str, str], float]]:
        """Return the labels and value of each sample that has these labels."""
        return [
            (sample.labels, sample.value)
            for sample in self.samples
            if sample.name == PREFIX + name and labels.items() <= sample.labels.items()
        ]

    def assert_balanced(self) -> None:
        """Assert that the ledger balances: by its metric, and by adding up the ends of all records."""
        taken = {name: self(name) for name in ("records_total", "records_restored")}
        ended = {name: self(name) for name in ENDS}
        assert sum(taken.values()) == sum(ended.values()), f"the ledger does not balance: {taken}, {ended}"
        assert self("records_unaccounted") == 0

    def rejected(self) -> dict[str, int]:
        """Return the rejected records by reason, without zeros."""
        return {labels["reason"]: int(value) for labels, value in self.series("records_rejected_total") if value}


class Sidecar:
    """``stream-monitor run`` with these arguments; the end of the ``with`` block kills what still runs.

    ``first`` is Python that the process runs before anything else. The ledger has to balance at every scrape.
    """

    def __init__(
        self, *arguments: str, environment: Mapping[str, str] | None = None, listen: bool = True, first: str = ""
    ) -> None:
        where = ("--listen", "127.0.0.1:0") if listen else ()
        program = (
            ("-c", f"{first}\nfrom stream_monitor.cli import main\nmain()") if first else ("-m", "stream_monitor")
        )
        self.command = [sys.executable, *program, "run", *where, *arguments]
        self._environment = environment or {}
        self.lines: list[str] = []
        self.url = ""

    def __enter__(self) -> Self:
        self.start()
        try:
            self.come_up()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(self, failure: type[BaseException] | None, *_: object) -> None:
        try:
            if failure is None:
                self.check_ledger()
        finally:
            self.kill()

    def check_ledger(self) -> None:
        """Assert that the ledger balances, while the process serves."""
        if self.url and self.is_running:
            self.scrape()

    def come_up(self) -> None:
        """Wait until it serves."""
        self.wait_for_line(SERVES.pattern, START_SECONDS)

    def start(self) -> None:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("STREAM_MONITOR_")}
        self._process = subprocess.Popen(
            self.command,
            env=clean | dict(self._environment),
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def log(self) -> str:
        return "\n".join(self.lines)

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def get(self, path: str) -> tuple[int, str]:
        """Return the status and the body of a response."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def scrape(self) -> Scrape:
        status, text = self.get("metrics")
        assert status == 200
        scrape = Scrape(text)
        scrape.assert_balanced()
        return scrape

    def is_ready(self) -> bool:
        return self.get("readyz")[0] == 200

    def wait_for(
        self, condition: Callable[[Scrape], bool], seconds: float = WAIT_SECONDS, every: float = 0.1
    ) -> Scrape:
        """Return the first scrape that meets the condition."""
        deadline = time.monotonic() + seconds
        while True:
            scrape = self.scrape()
            if condition(scrape):
                return scrape
            assert self.is_running, f"the sidecar has ended:\n{self.log}"
            assert time.monotonic() < deadline, f"it did not come to that:\n{own_metrics(scrape)}\n{self.log}"
            time.sleep(every)

    def wait_for_records(self, count: int, seconds: float = WAIT_SECONDS, every: float = 0.1) -> Scrape:
        """Return the first scrape with at least this many records."""
        return self.wait_for(lambda scrape: scrape("records_total") >= count, seconds, every)

    def wait_until_ready(self, ready: bool = True, seconds: float = WAIT_SECONDS) -> None:
        self.wait_for(lambda _: self.is_ready() is ready, seconds)

    def wait_for_line(self, pattern: str, seconds: float = WAIT_SECONDS) -> str:
        """Return the first log line that matches the pattern."""
        deadline = time.monotonic() + seconds
        while True:
            ended = not self.is_running
            if ended:
                self._reader.join(5)
            for line in self.lines:
                if re.search(pattern, line):
                    return line
            assert not ended, f"the sidecar has ended:\n{self.log}"
            assert time.monotonic() < deadline, f"no line has {pattern!r}:\n{self.log}"
            time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Stop it by SIGTERM, as an orchestrator does, and assert a clean exit."""
        self.check_ledger()
        assert self.ended(how) == 0, f"the sidecar ended with {self._process.returncode}:\n{self.log}"

    def ended(self, how: signal.Signals | None = None) -> int:
        """Return its exit code, after sending a signal if one is given."""
        if how:
            self._process.send_signal(how)
        code = self._process.wait(STOP_SECONDS)
        self._reader.join(5)
        return code

    def kill(self) -> None:
        """Kill it by SIGKILL."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        self._process.wait()
        self._reader.join(5)
        if self._process.stderr:
            self._process.stderr.close()

    def _read(self) -> None:
        assert self._process.stderr
        for line in self._process.stderr:
            if found := SERVES.search(line):
                self.url = found[1]
            self.lines.append(line.rstrip("\n"))


def own_metrics(scrape: Scrape) -> str:
    """Return the lines of ``/metrics`` that are of stream_monitor, without comments."""
    return "\n".join(line for line in scrape.text.splitlines() if line.startswith(PREFIX))


def watch(broker: Broker, topics: Sequence[str] | str, *extra: str, group: str | None = None) -> list[str]:
    """Return the arguments of ``run`` for these topics; the group is named after the first topic by default."""
    names = [topics] if isinstance(topics, str) else list(topics)
    options = {key: ".".join(map(str, value)) for key, value in broker.client_options.items()}
    return [
        *("--bootstrap-servers", broker.bootstrap_servers),
        *(part for name in names for part in ("--topic", name)),
        *("--group-id", group or names[0]),
        *(part for key, value in options.items() for part in ("--kafka-option", f"{key}={value}")),
        *extra,
    ]
