"""``stream-monitor replay``: wrong flags and damaged files."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from pathlib import Path

import pytest
import zstandard

from tests.cli_runs import one_line
from tests.files import write
from tests.unit.cli.replaying import replay_json


@pytest.mark.parametrize(
    ("arguments", "named", "allowed"),
    [
        (["--detector", "adwim"], "--detector", "adwin, "),
        (["--detector", "adwin:delta=2"], "--detector", "less than 1"),
        (["--field", "idd=a"], "--field", "id, ts, model"),
        (["--field", "id"], "--field", "NAME=VALUE"),
        (["--field", "id=@keys"], "--field", "@key"),
        (["--label-field", "x=a"], "--label-field", "id, ts, model"),
        (["--task", "ranking"], "--task", "'classification' or 'regression'"),
        (["--format", "xml"], "--format", "'jsonl', 'csv' or 'parquet'"),
        (["--warmup", "1"], "--warmup", "0 or at least 2"),
        (["--warmup", "x"], "--warmup", "integer"),
        (["--label-ttl", "5 weeks"], "--label-ttl", "500ms"),
        (["--max-features", "0"], "--max-features", "greater than or equal to 1"),
        (["--payoff", "yes=1"], "--payoff: 'yes=1' is no payoff", "PREDICTED,TRUE=VALUE"),
        (["--payoff", "yes,no=1", "--task", "regression"], "--payoff", "--task classification only"),
        (["--baseline", "arima"], "--baseline", "'none' or 'trivial'"),
        (["--json", "/nowhere/out.json"], "--json", "/nowhere/out.json"),
        (["--labels", "/nowhere.csv"], "--labels", "/nowhere.csv"),
        (["--config", "/nowhere.yaml"], "--config", "/nowhere.yaml"),
    ],
)
def test_a_wrong_flag_is_one_line_and_exit_code_2(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: Sequence[str],
    named: str,
    allowed: str,
) -> None:
    path = write(tmp_path / "x.csv", [{"id": 1, "prediction": 1}], "csv")
    line = one_line(monkeypatch, capsys, ["replay", str(path), *arguments])
    assert named in line
    assert allowed in line


def test_a_file_whose_format_nobody_can_tell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x.txt").write_text("id,prediction\n1,1\n")
    assert "--format" in one_line(monkeypatch, capsys, ["replay", str(tmp_path / "x.txt")])
    assert replay_json(tmp_path, tmp_path / "x.txt", "--format", "csv")["events"] == 1


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("x.csv.gz", b"\x1f\x8bnonsense"),
        ("x.csv.zst", b"\x28\xb5\x2f\xfdnonsense"),
        ("y.csv.gz", gzip.compress(b"id,prediction\n" + b"1,1\n" * 9999, mtime=0)[:-30]),
        ("y.csv.zst", zstandard.compress(b"id,prediction\n" + b"1,1\n" * 9999)[:-3]),
        ("x.parquet", b"PAR1nonsense"),
    ],
)
def test_a_damaged_file_is_one_line_and_exit_code_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, body: bytes
) -> None:
    (tmp_path / name).write_bytes(body)
    assert name in one_line(monkeypatch, capsys, ["replay", str(tmp_path / name)])
