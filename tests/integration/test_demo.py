"""``stream-monitor demo``: all seven mistakes are made, and answered."""

from __future__ import annotations

import subprocess
import sys

import pytest

from stream_monitor.demo.report import MISTAKES

pytest.importorskip("confluent_kafka", reason="the demo needs: pip install 'stream-monitor[demo]'")
pytest.importorskip("pyarrow", reason="the demo needs: pip install 'stream-monitor[demo]'")


def test_the_demo_ends_with_an_answer_to_each_mistake() -> None:
    command = [sys.executable, "-m", "stream_monitor", "demo", "--exit", "--listen", "127.0.0.1:0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [line for line in done.stdout.splitlines() if line[:2].strip().isdigit() and line[0] in "1234567"]
    assert [line[0] for line in rows if line[1] == " "] == [str(mistake) for mistake in MISTAKES]
    assert "NOTHING" not in done.stdout
    assert "0 alarms before anything was wrong." in done.stdout
