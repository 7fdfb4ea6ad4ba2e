"""``stream-monitor audit``."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner, Result

from stream_monitor.actions.audit_log import AuditLog
from stream_monitor.cli import cli
from stream_monitor.testing import FakeClock


def _log(path: Path) -> Path:
    log = AuditLog(path, FakeClock())
    log.start("1.0", {"warmup": 500})
    log.put([{"event": "version_first_seen", "model": "churn", "version": "3", "reason": None}])
    log.write()
    return path


def _run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["audit", *map(str, arguments)])


def test_a_log_is_shown_line_by_line(tmp_path: Path) -> None:
    result = _run("show", _log(tmp_path / "a.jsonl"))
    assert result.exit_code == 0
    start, seen = result.output.splitlines()
    assert start.startswith("1 ")
    assert start.endswith(' start version=1.0 configuration={"warmup":500}')
    assert seen.endswith(" version_first_seen model=churn version=3")
    only = _run("show", tmp_path / "a.jsonl", "--event", "start")
    assert only.output.splitlines() == [start]


def test_a_whole_log_is_verified(tmp_path: Path) -> None:
    result = _run("verify", _log(tmp_path / "a.jsonl"))
    assert result.exit_code == 0
    assert "is whole: 2 lines, the last hash is " in result.output


def test_an_edited_log_is_found(tmp_path: Path) -> None:
    path = _log(tmp_path / "a.jsonl")
    path.write_bytes(path.read_bytes().replace(b"churn", b"other"))
    result = _run("verify", path)
    assert result.exit_code == 1
    assert "is damaged: line 2 was changed" in result.output


def test_damage_that_a_start_has_found_is_told_from_then_on(tmp_path: Path) -> None:
    path = _log(tmp_path / "a.jsonl")
    path.write_bytes(path.read_bytes().splitlines(keepends=True)[0])
    _log(path)
    result = _run("verify", path)
    assert result.exit_code == 1
    assert "line 2 says: the last 1 of 2 lines are missing" in result.output
