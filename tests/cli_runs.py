"""Runs of the command line in this process, whose error must be one line."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from stream_monitor.cli import main


def one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: Sequence[str]) -> str:
    """Return the only line on standard error of a command that ends with exit code 2."""
    monkeypatch.setattr("sys.argv", ["stream-monitor", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    captured = capsys.readouterr()
    assert ended.value.code == 2, captured
    lines = captured.err.strip().splitlines()
    assert len(lines) == 1, lines
    assert captured.out == ""
    return lines[0]
