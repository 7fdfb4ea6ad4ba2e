"""The demo from start to stop."""

from __future__ import annotations

import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from stream_monitor.core.timestamps import parse_timestamp
from stream_monitor.demo.broker import CLIENT_OPTIONS, EmbeddedBroker
from stream_monitor.demo.clock import DemoClock, clock_text
from stream_monitor.demo.deployment import FILE, KEY, Deployment
from stream_monitor.demo.evidence import Evidence
from stream_monitor.demo.producer import INFERENCE, LABELS, DemoProducer
from stream_monitor.demo.report import answers, describe, table
from stream_monitor.demo.scenario import CAUSES, LENGTH, RATE
from stream_monitor.demo.service import Service
from stream_monitor.demo.sidecar import Sidecar
from stream_monitor.demo.trainer import RETRAIN, Trainer
from stream_monitor.demo.training_data import prepare

#: Topic of the records that break the contract or can't be read.
DEAD_LETTERS = "dead-letters"
#: Least and most seconds for the last labels to arrive and be applied.
MIN_SETTLE, MAX_SETTLE = 3.0, 60.0


def play(listen: str, stay: bool, say: Callable[[str], None]) -> bool:
    """Play one day and report; return True when all mistakes were answered, and nothing alarmed before the first.

    Args:
        listen: Address of the sidecar.
        stay: True to play more days until Ctrl-C.
        say: Prints a line.
    """
    with EmbeddedBroker() as broker, tempfile.TemporaryDirectory(prefix="stream-monitor-demo-") as name:
        broker.create(INFERENCE, LABELS, DEAD_LETTERS, RETRAIN)
        day = _Day(broker.bootstrap_servers, listen, Path(name), stay)
        try:
            return day.play(say)
        except KeyboardInterrupt:
            return True
        finally:
            day.stop()


def produce_only(bootstrap_servers: str, say: Callable[[str], None]) -> None:
    """Play day after day to an existing broker."""
    producer = DemoProducer(bootstrap_servers, Service(), DemoClock(is_fast=False), {}, repeat=True)
    producer.start()
    say(f"playing to {bootstrap_servers}, topics {INFERENCE} and {LABELS}")
    try:
        while producer.is_alive():
            producer.join(1)
    except KeyboardInterrupt:
        producer.stop()


def on_terminal() -> bool:
    """Return True when the output goes to a terminal."""
    return sys.stdout.isatty()


class _Day:
    """A day with a service, its trainer, its repository and the sidecar beside it.

    Args:
        servers: The broker's address.
        listen: Address of the sidecar.
        directory: A directory for all files.
        stay: True to play more days until Ctrl-C.
    """

    def __init__(self, servers: str, listen: str, directory: Path, stay: bool) -> None:
        self._directory, self._stay = directory, stay
        sets = directory / "sets"
        service, clock = Service(), DemoClock(is_fast=True)
        self._deployment = Deployment(directory, service, clock)
        self._producer = DemoProducer(servers, service, clock, CLIENT_OPTIONS, repeat=stay)
        self._trainer = Trainer(servers, sets, service, clock, CLIENT_OPTIONS)
        self._sidecar = Sidecar(_flags(servers, listen, directory))
        self._evidence = Evidence(self._sidecar, clock, sets, directory / "audit.jsonl")

    def play(self, say: Callable[[str], None]) -> bool:
        """Play it and report, as `play` does."""
        if not self._sidecar.start():
            say(
                "The sidecar did not start: " + " ".join(str(line.get("message", "")) for line in self._sidecar.lines)
            )
            return False
        self._introduce(say)
        for thread in (self._deployment, self._trainer, self._producer):
            thread.start()
        self._watch(say)
        found = self._conclude(say)
        if self._stay:
            say("\nThe next day begins. Ctrl-C ends the demo.")
            while self._producer.is_alive():
                self._producer.join(1)
        return found

    def stop(self) -> None:
        """Stop everything that has started."""
        for thread in (self._producer, self._trainer, self._deployment):
            if thread.is_alive():
                thread.stop()
        if self._sidecar.url:
            self._sidecar.stop()

    def _introduce(self, say: Callable[[str], None]) -> None:
        url = self._sidecar.url
        say("A credit-scoring model serves; its predictions and, a little later, its labels flow through Kafka.")
        say(f"The sidecar watches them. It is this command:\n\n  {_wrapped(self._sidecar.command)}\n")
        say(f"Open  {url}         what it sees now")
        say(f"      {url}metrics  what Prometheus reads\n")
        say(f"A day passes in {LENGTH / RATE:.0f} s, with all seven mistakes. Here is what happens, as it does.\n")

    def _watch(self, say: Callable[[str], None]) -> None:
        """Print what happens as it happens, until the day is over."""
        told: set[str] = set()
        seen = 0
        over = float("inf")
        while not self._is_over(time.monotonic() - over):
            time.sleep(0.25)
            self._evidence.take()
            for when, text in self._news():
                if text not in told:
                    told.add(text)
                    say(f"{clock_text(when)}  {text}")
            lines = self._sidecar.lines
            for line in lines[seen:]:
                if line.get("event") == "drift":
                    say(f"{clock_text(parse_timestamp(line['ts']))}  alarm   {describe(line)}")
            seen = len(lines)
            if self._producer.day_over.is_set():
                over = min(over, time.monotonic())

    def _is_over(self, seconds: float) -> bool:
        """Return True if the sidecar has taken what was sent, so many seconds after the last event."""
        return seconds >= MAX_SETTLE or (seconds >= MIN_SETTLE and self._evidence.is_up_to_date)

    def _news(self) -> list[tuple[float, str]]:
        """Return what has happened by now besides alarms, with its times."""
        news = [
            (self._producer.started[cause.mistake], f"cause   {cause.name}")
            for cause in CAUSES
            if cause.mistake in self._producer.started
        ]
        if self._trainer.requested:
            news.append((self._trainer.requested, "action  the sidecar asks for a new version"))
        if rollout := self._trainer.rollout:
            news.append(
                (rollout.begun, f"trainer version {rollout.version} passed its test; it gets half of the traffic")
            )
        if deployed := self._deployment.deployed:
            when, version = deployed
            news.append((when, f"action  the sidecar has committed version {version}, which gets all traffic"))
        return news

    def _conclude(self, say: Callable[[str], None]) -> bool:
        self._evidence.take()
        found = answers(self._evidence, self._producer.started, self._trainer.rollout, self._deployment.newest())
        say("")
        for row in table(found, shutil.get_terminal_size((120, 24)).columns):
            say(row)
        early = self._evidence.alarms_before(min(self._producer.started.values()))
        say(f"\n{len(early)} alarms before anything was wrong" + (":" if early else "."))
        for alarm in early:
            say(f"  {alarm['ts']}  {describe(alarm)}")
        return not early and all(answer.text for answer in found)


def _flags(servers: str, listen: str, directory: Path) -> list[str]:
    """Return the flags of the sidecar."""
    profile, contract = prepare(directory)
    return [
        *("--bootstrap-servers", servers, "--topic", INFERENCE, "--label-topic", LABELS, "--group-id", "demo"),
        *("--listen", listen, "--state-dir", str(directory / "state")),
        *("--profile", str(profile), "--contract", str(contract), "--dead-letter-topic", DEAD_LETTERS),
        *("--group", "sex=groups.sex", "--positive", "repay"),
        *("--evaluation-dir", str(directory / "sets"), "--evaluation-share", "50%"),
        *("--evaluation-window", "45m", "--evaluation-wait", "45m"),
        *("--retrain-on", "performance:below=0.65", "--retrain-topic", RETRAIN, "--performance-window", "500"),
        *("--audit-log", str(directory / "audit.jsonl"), "--promote-git", str(directory / "deploy.git")),
        *("--promote-file", FILE, "--promote-key", KEY),
        *(part for key, value in CLIENT_OPTIONS.items() for part in ("--kafka-option", f"{key}={_option(value)}")),
    ]


def _option(value: object) -> str:
    return ".".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _wrapped(command: list[str]) -> str:
    """Return a command with a line for each flag and its value."""
    lines = [shlex.join(command[:2])]
    for part in command[2:]:
        if part.startswith("--"):
            lines.append(shlex.quote(part))
        else:
            lines[-1] += f" {shlex.quote(part)}"
    return " \\\n    ".join(lines)
