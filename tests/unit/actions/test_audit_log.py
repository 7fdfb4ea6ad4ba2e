"""The audit log: what is in it, each event once, and damage that is found."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import orjson
import pytest

from stream_monitor.actions.audit_file import AuditFile, head_path, read
from stream_monitor.actions.audit_log import AuditLog
from stream_monitor.core.errors import ConfigError
from stream_monitor.testing import FakeClock


def _entries(path: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


def _log(path: Path, state: dict[str, Any] | None = None, **configuration: Any) -> AuditLog:
    log = AuditLog(path, FakeClock())
    if state:
        log.restore(orjson.loads(orjson.dumps(state)))
    log.start("1.0", configuration)
    return log


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return an audit file of five lines."""
    path = tmp_path / "audit.jsonl"
    AuditFile(path).append([{"event": "a", "at": number, "share": 0.1} for number in range(3)])
    AuditFile(path).append([{"event": "b"}, {"event": "c"}])
    return path


def test_a_whole_file_is_whole(path: Path) -> None:
    found = read(path)
    assert (found.problem, found.head.lines, len(found.entries)) == (None, 5, 5)
    assert [each["previous"] for each in _entries(path)][1:] == [each["hash"] for each in _entries(path)][:-1]


@pytest.mark.parametrize("line", range(1, 6))
def test_a_line_that_was_changed_is_found(path: Path, line: int) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    lines[line - 1] = lines[line - 1].replace(b'"event":"', b'"event":"x')
    path.write_bytes(b"".join(lines))
    assert read(path).problem == f"line {line} was changed"


@pytest.mark.parametrize("line", range(1, 5))
def test_a_line_that_was_removed_is_found(path: Path, line: int) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    del lines[line - 1]
    path.write_bytes(b"".join(lines))
    assert read(path).problem == f"lines are missing, or were changed, before line {line}"


def test_a_file_that_was_cut_at_its_end_is_found(path: Path) -> None:
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:3]))
    assert read(path).problem == "the last 2 of 5 lines are missing"
    head_path(path).unlink()
    assert read(path).problem == "audit.jsonl.head is missing"


def test_a_file_that_was_written_anew_is_found(path: Path) -> None:
    head = head_path(path).read_bytes()
    path.unlink()
    AuditFile(path).append([{"event": "forged"}] * 5)
    head_path(path).write_bytes(head)
    assert read(path).problem == "the lines up to line 5 are not those that were written"


def test_damage_before_a_start_stays_in_the_log(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:3]))
    with caplog.at_level(logging.ERROR):
        _log(path)
    assert "the last 2 of 5 lines are missing" in caplog.text
    assert read(path).problem is None
    assert _entries(path)[3]["event"] == "damage"


def test_a_cut_of_file_and_head_is_found_by_the_state(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    log = _log(path)
    log.put([{"event": "detection"}])
    log.write()
    state = log.state()
    path.unlink()
    head_path(path).unlink()
    _log(path, state)
    assert _entries(path)[0]["problem"] == "the last 2 of 2 lines are missing"


def test_a_line_torn_by_a_kill_is_written_again(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b'{"line":6,"eve')
    AuditFile(path).append([{"event": "d"}])
    found = read(path)
    assert (found.problem, found.head.lines) == (None, 6)


@pytest.mark.parametrize("written", [0, 1, 2, 3])
def test_each_event_is_there_once_wherever_a_kill_comes(tmp_path: Path, written: int) -> None:
    """The state was saved with three events, of which some were written before the kill."""
    path = tmp_path / "audit.jsonl"
    log = _log(path)
    log.put([{"event": "detection", "at": at} for at in range(3)])
    state = log.state()
    log.write()
    lines = path.read_bytes().splitlines(keepends=True)[: 1 + written]
    path.write_bytes(b"".join(lines))
    head_path(path).write_bytes(orjson.dumps({"lines": 1 + written, "hash": orjson.loads(lines[-1])["hash"]}))
    log = _log(path, state)
    log.put([{"event": "detection", "at": 3}])
    log.write()
    assert [each["at"] for each in _entries(path) if each["event"] == "detection"] == [0, 1, 2, 3]
    assert read(path).problem is None


def test_a_start_tells_what_has_changed(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    log = _log(path, warmup=500, topic="a")
    _log(path, log.state(), warmup=300, topic="a").stop()
    first, second, changed, stop = _entries(path)
    assert (first["event"], second["event"], stop["event"]) == ("start", "start", "stop")
    assert changed["changed"] == {"warmup": {"before": 500, "after": 300}}
    assert second["configuration"] == {"warmup": 300, "topic": "a"}


def test_a_start_without_the_state_is_a_reset(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    _log(path)
    log = _log(path)
    assert [each["event"] for each in _entries(path)] == ["start", "start", "reset"]
    log.put([{"event": "detection"}])
    log.write()
    assert _entries(path)[-1]["event"] == "detection"


def test_events_wait_while_the_file_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "audit.jsonl"
    log = _log(path)
    log.put([{"event": "detection"}])
    with monkeypatch.context() as patch, caplog.at_level(logging.WARNING):
        patch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        log.write()
    assert "No space left on device; it is tried again" in caplog.text
    log.write()
    assert [each["event"] for each in _entries(path)] == ["start", "detection"]
    assert read(path).problem is None


def test_a_file_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--audit-log: can't write"):
        AuditLog(tmp_path, FakeClock())
