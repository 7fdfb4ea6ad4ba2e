"""``stream-monitor replay`` over a table of two features that shift."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from click.testing import CliRunner, Result

from stream_monitor.cli import cli

START = datetime(2026, 1, 1, tzinfo=UTC)


def shifted(seed: int = 0, count: int = 3000) -> np.ndarray:
    """Return normal values whose mean rises in the middle."""
    rng = np.random.default_rng(seed)
    return np.round(20.0 + 5.0 * rng.normal(size=count) + np.repeat([0.0, 15.0], count // 2), 6)


def run_replay(*arguments: Any) -> Result:
    """Run the command with these arguments."""
    return CliRunner().invoke(cli, ["replay", *map(str, arguments)])


def replay_json(tmp_path: Path, *arguments: Any) -> dict[str, Any]:
    """Run the command, and return what ``--json`` writes."""
    result = run_replay(*arguments, "--json", tmp_path / "out.json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads((tmp_path / "out.json").read_bytes())
    return found


def table(count: int = 3000) -> list[dict[str, Any]]:
    """Return flat rows, as in a CSV or Parquet file."""
    columns = zip(shifted(0, count).tolist(), shifted(1, count).tolist(), strict=True)
    return [
        {"uid": n, "at": (START + timedelta(minutes=n)).isoformat(), "age": age, "debt": debt, "pred": 1, "truth": 1}
        for n, (age, debt) in enumerate(columns)
    ]


MAPPED = ("--field", "id=uid", "--field", "ts=at", "--field", "prediction=pred", "--field", "label=truth")
