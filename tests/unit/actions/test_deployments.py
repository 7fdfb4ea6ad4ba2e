"""Deployments: each verdict is carried out once, wherever the process is killed, beside the loop."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import orjson
import pytest

from stream_monitor.actions import deployment_attempt
from stream_monitor.actions.audit_file import read
from stream_monitor.actions.audit_log import AuditLog
from stream_monitor.actions.deployments import MAX_WAITING, Deployments
from stream_monitor.actions.git import Git
from stream_monitor.actions.git_target import GitTarget
from stream_monitor.performance.version_event import VersionEvent
from stream_monitor.testing import FakeClock
from tests.unit.actions.repositories import CONTENT, FILE, Remote


def verdict(number: int = 4, other: int = 3, model: str = "churn") -> dict[str, Any]:
    """Return the entry of a verdict that favours a version."""
    reason = f"{number} is better than {other}, after 99 outcomes"
    return VersionEvent("verdict", model, str(number), str(other), reason, favoured=str(number))._asdict()


class Process:
    """A process with deployments, an audit log and a state that is saved."""

    def __init__(self, directory: Path, remote: Path, file: str = "models/{model}.yaml") -> None:
        self._directory, self.clock = directory, FakeClock()
        self.audit = AuditLog(directory / "audit.jsonl", self.clock)
        self.deployments = Deployments(GitTarget(str(remote), None, file, "spec.version"), self.audit, self.clock)
        if self._state.exists():
            saved = orjson.loads(self._state.read_bytes())
            self.audit.restore(saved["audit"])
            self.deployments.restore(saved["deployments"])

    @property
    def _state(self) -> Path:
        return self._directory / "state.json"

    def put(self, *entries: dict[str, Any]) -> None:
        """Take entries of the audit log, as the loop does."""
        self.deployments.put(self.audit.put(entries))

    def save(self) -> None:
        """Save the state, then write the audit log and let deployments begin."""
        self._state.write_bytes(orjson.dumps({"audit": self.audit.state(), "deployments": self.deployments.state()}))
        self.audit.write()

    def advance(self, timeout: float = 20.0) -> None:
        """Let an attempt begin, and take its result."""
        self.deployments.advance()
        end = time.monotonic() + timeout
        while self.deployments._attempt and not self.deployments.is_due and time.monotonic() < end:
            time.sleep(0.01)
        if self.deployments.is_due:
            self.deployments.advance()

    def told(self) -> list[tuple[str, str]]:
        """Return the ends of requests in the audit log."""
        entries = read(self._directory / "audit.jsonl").entries
        return [(each["version"], each["outcome"]) for each in entries if each["event"] == "deployment"]


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    return Remote(tmp_path)


def test_a_verdict_is_deployed_once_it_is_saved(tmp_path: Path, remote: Remote) -> None:
    process = Process(tmp_path, remote.path)
    process.put(verdict())
    assert not process.deployments.is_due
    process.save()
    process.advance()
    assert remote.log() == ["Deploy churn 4 instead of 3", "Somebody's work"]
    line = next(each for each in (tmp_path / "audit.jsonl").read_bytes().splitlines() if b'"verdict"' in each)
    assert f"Audit-Line: {orjson.loads(line)['hash']}" in remote.message()
    process.save()
    assert process.told() == [("4", "pushed")]
    assert (process.deployments.outcomes["pushed"], process.deployments.waiting) == (1, 0)


def test_other_entries_are_no_requests(tmp_path: Path, remote: Remote) -> None:
    process = Process(tmp_path, remote.path)
    process.put(VersionEvent("promotion", "churn", "4", "4", "its traffic")._asdict(), {"event": "stop"})
    assert process.deployments.waiting == 0


class _Killed(BaseException):
    """The process is killed here."""


@pytest.mark.parametrize("is_pushed", [False, True])
def test_a_kill_before_or_after_the_push_leaves_one_commit(
    tmp_path: Path, remote: Remote, is_pushed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Dying(Git):
        def push(self, commit: str, branch: str) -> None:
            if is_pushed:
                super().push(commit, branch)
            raise _Killed

    monkeypatch.setattr(deployment_attempt, "Git", Dying)
    monkeypatch.setattr("threading.excepthook", lambda _: None)
    process = Process(tmp_path, remote.path)
    process.put(verdict())
    process.save()
    with pytest.raises(RuntimeError, match="without a result"):
        process.advance()
    assert len(remote.log()) == 1 + is_pushed
    monkeypatch.undo()
    for _ in range(2):
        process = Process(tmp_path, remote.path)
        process.advance()
        process.save()
    assert remote.log() == ["Deploy churn 4 instead of 3", "Somebody's work"]
    assert process.told() == [("4", "pushed")]


def test_what_fails_waits_longer_each_time(tmp_path: Path, remote: Remote, caplog: pytest.LogCaptureFixture) -> None:
    hook = remote.refuse("not now")
    process = Process(tmp_path, remote.path)
    process.put(verdict())
    process.save()
    for seconds in (30, 60, 120):
        process.advance()
        assert "not now (pre-receive hook declined)" in caplog.text or "not now" in caplog.text
        assert f"it is tried again in {seconds} s" in caplog.text
        process.clock.advance(seconds - 1)
        assert not process.deployments.is_due
        process.clock.advance(1)
        assert process.deployments.is_due
    hook.unlink()
    process.advance()
    assert remote.log()[0] == "Deploy churn 4 instead of 3"
    assert process.deployments.faults["refused"] == 3


def test_a_newer_verdict_takes_the_place_of_one_that_waits(tmp_path: Path, remote: Remote) -> None:
    process = Process(tmp_path, remote.path)
    process.put(verdict(4, 3))
    process.put(verdict(3, 4))
    process.save()
    process.advance()
    process.save()
    assert process.told() == [("4", "superseded"), ("3", "unchanged")]
    assert remote.read() == CONTENT


def test_a_verdict_that_comes_during_an_attempt_is_done_after_it(tmp_path: Path, remote: Remote) -> None:
    process = Process(tmp_path, remote.path)
    process.put(verdict(4, 3))
    process.save()
    process.deployments.advance()
    process.put(verdict(5, 4))
    process.save()
    process.advance()
    process.advance()
    process.save()
    assert process.told() == [("4", "pushed"), ("5", "pushed")]
    assert remote.log()[:2] == ["Deploy churn 5 instead of 4", "Deploy churn 4 instead of 3"]


def test_a_file_that_fails_does_not_hold_up_that_of_another_model(tmp_path: Path, remote: Remote) -> None:
    process = Process(tmp_path, remote.path)
    process.put(verdict(model="fraud"), verdict(model="churn"))
    process.save()
    process.advance()
    process.clock.advance(30)
    process.advance()
    process.save()
    assert process.told() == [("4", "pushed")]
    assert (process.deployments.faults["missing_file"], process.deployments.waiting) == (1, 1)


def test_a_file_without_a_model_is_of_the_first_one(tmp_path: Path, remote: Remote) -> None:
    process = Process(tmp_path, remote.path, FILE)
    process.put(verdict(model="churn"), verdict(5, 4, model="fraud"))
    process.save()
    process.advance()
    process.save()
    assert process.told() == [("5", "left"), ("4", "pushed")]


def test_an_unreachable_repository_holds_nothing_up(tmp_path: Path) -> None:
    process = Process(tmp_path, tmp_path / "none.git")
    process.put(*(verdict(model=f"m{number}") for number in range(MAX_WAITING + 1)))
    process.save()
    began = time.monotonic()
    process.deployments.advance()
    assert time.monotonic() - began < 0.5
    process.advance()
    assert process.deployments.faults["unreachable"] >= 1
    assert process.deployments.waiting == MAX_WAITING
    process.deployments.close()


def test_a_stop_ends_a_command_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shell = tmp_path / "hang.sh"
    shell.write_text("#!/bin/sh\nsleep 60\n")
    shell.chmod(0o755)
    monkeypatch.setenv("GIT_SSH_COMMAND", str(shell))
    process = Process(tmp_path, Path("unused"))
    process.deployments._target = GitTarget("ssh://localhost/deploy.git", None, FILE, "spec.version")
    process.put(verdict(4, 3))
    process.save()
    process.deployments.advance()
    time.sleep(0.3)
    began = time.monotonic()
    process.deployments.close()
    assert time.monotonic() - began < 3
    process.save()
    assert Process(tmp_path, Path("unused")).deployments.waiting == 1


def test_no_credential_is_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    process = Process(tmp_path, Path("unused"))
    address = "http://somebody:hunter2@127.0.0.1:9/deploy.git"
    process.deployments._target = GitTarget(address, None, FILE, "spec.version")
    process.put(verdict(4, 3))
    process.save()
    process.advance()
    assert "unable to access" in caplog.text
    assert "hunter2" not in caplog.text
