"""``stream-monitor replay``, as it is typed."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zstandard
from click.testing import CliRunner, Result

from stream_monitor.cli import cli
from stream_monitor.detectors.adwin import AdwinConfig
from stream_monitor.detectors.page_hinkley import PageHinkleyConfig
from tests.cli_runs import one_line
from tests.files import write
from tests.oracle import scored_indices
from tests.streams import river_indices

START = datetime(2026, 1, 1, tzinfo=UTC)
FORMATS = ("jsonl", "jsonl.gz", "jsonl.zst", "csv", "csv.gz", "csv.zst", "parquet")


def _shifted(seed: int = 0, count: int = 3000) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.round(20.0 + 5.0 * rng.normal(size=count) + np.repeat([0.0, 15.0], count // 2), 6)


def _run(*arguments: Any) -> Result:
    return CliRunner().invoke(cli, ["replay", *map(str, arguments)])


def _replay(tmp_path: Path, *arguments: Any) -> dict[str, Any]:
    result = _run(*arguments, "--json", tmp_path / "out.json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads((tmp_path / "out.json").read_bytes())
    return found


def _table(count: int = 3000) -> list[dict[str, Any]]:
    """Flat rows, as a CSV or Parquet file has them."""
    columns = zip(_shifted(0, count).tolist(), _shifted(1, count).tolist(), strict=True)
    return [
        {"uid": n, "at": (START + timedelta(minutes=n)).isoformat(), "age": age, "debt": debt, "pred": 1, "truth": 1}
        for n, (age, debt) in enumerate(columns)
    ]


MAPPED = ("--field", "id=uid", "--field", "ts=at", "--field", "prediction=pred", "--field", "label=truth")


@pytest.mark.parametrize("form", FORMATS)
def test_all_formats_give_rivers_indices(tmp_path: Path, form: str) -> None:
    """An independent oracle: normal scores of the first 500 values, then river, value by value."""
    path = write(tmp_path / f"x.{form}", _table(), form.partition(".")[0])
    rest = () if form[0] in "cp" else ("--field", "features=@rest")
    wanted = ("--detector", "feature:*=adwin:delta=0.002", "--detector", "feature:*=page_hinkley:threshold=50")
    found = _replay(tmp_path, path, *MAPPED, *rest, *wanted)
    for at, name in enumerate(("age", "debt")):
        for kind, config in (("adwin", AdwinConfig()), ("page_hinkley", PageHinkleyConfig())):
            ours = [
                d["index"] for d in found["detections"] if (d["signal"], d["detector"]) == (f"feature:{name}", kind)
            ]
            assert ours == scored_indices(config, _shifted(at))
            assert kind != "adwin" or ours


def test_the_result_has_the_keys_of_the_issue(tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", _table(), "csv")
    named = ("--model", "churn", "--version", "3")
    found = _replay(tmp_path, path, *MAPPED, *named, "--detector", "feature:age=adwin:delta=0.002")
    assert {"events", "labels", "outcomes", "rejected", "detections", "performance"} <= set(found)
    assert (found["events"], found["labels"], found["outcomes"], found["rejected"]) == (3000, 3000, 3000, {})
    assert found["performance"] == {"accuracy": 1.0}
    (detection,) = found["detections"]
    keys = ["index", "ts", "model", "version", "signal", "detector", "before", "after"]
    assert list(detection)[:8] == keys
    assert {name: detection[name] for name in keys} | {"before": 0, "after": 0} == {
        "index": detection["index"],
        "ts": (START + timedelta(minutes=detection["index"]))
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z"),
        "model": "churn",
        "version": "3",
        "signal": "feature:age",
        "detector": "adwin",
        "before": 0,
        "after": 0,
    }
    assert abs(detection["before"] - 20) < 1
    assert abs(detection["after"] - 35) < 3


def _with_labels(tmp_path: Path, labels: list[dict[str, Any]], *arguments: Any) -> dict[str, Any]:
    rows = [{name: row[name] for name in ("uid", "at", "pred")} for row in _table(1000)]
    return _replay(
        tmp_path,
        write(tmp_path / "x.csv", rows, "csv"),
        "--labels",
        write(tmp_path / "y.csv", labels, "csv"),
        *("--field", "id=uid", "--field", "prediction=pred", "--field", "ts=at"),
        *("--label-field", "id=case", "--label-field", "label=outcome"),
        *("--detector", "error=adwin:delta=0.002"),
        *arguments,
    )


ERRORS = np.repeat([0.0, 1.0], 500)


@pytest.mark.parametrize("shuffled", [False, True])
def test_labels_without_times_meet_each_prediction_at_once(tmp_path: Path, shuffled: bool) -> None:
    labels = [{"case": n, "outcome": int(n < 500)} for n in range(1000)]
    if shuffled:
        np.random.default_rng(1).shuffle(labels)  # type: ignore[arg-type]
    found = _with_labels(tmp_path, labels)
    assert (found["labels"], found["outcomes"], found["performance"]) == (1000, 1000, {"accuracy": 0.5})
    assert [d["index"] for d in found["detections"]] == river_indices(AdwinConfig(), ERRORS)


@pytest.mark.parametrize("days", [-0.001, 0.1, 5, 1000])
def test_labels_with_times_before_or_after_their_predictions(tmp_path: Path, days: float) -> None:
    times = [(START + timedelta(minutes=n, days=days)).isoformat(" ") for n in range(1000)]
    labels = [{"case": n, "when": at, "outcome": int(n < 500)} for n, at in enumerate(times)]
    found = _with_labels(tmp_path, labels, "--label-field", "ts=when", "--label-ttl", "2000d")
    assert (found["outcomes"], found["performance"]) == (1000, {"accuracy": 0.5})
    detections = [(d["index"], d["ts"][:16]) for d in found["detections"]]
    assert detections == [
        (at, (START + timedelta(minutes=at)).isoformat()[:16]) for at in river_indices(AdwinConfig(), ERRORS)
    ]


def test_the_index_of_an_error_is_that_of_the_prediction(tmp_path: Path) -> None:
    """Labels in another order than predictions: newest first, all at the end."""
    labels = [
        {"case": n, "ts": f"2027-01-01T00:{(999 - n) // 60:02}:{(999 - n) % 60:02}Z", "outcome": int(n >= 500)}
        for n in range(1000)
    ]
    found = _with_labels(tmp_path, labels, "--label-field", "ts=ts", "--label-ttl", "2000d")
    assert [d["index"] for d in found["detections"]] == [999 - at for at in river_indices(AdwinConfig(), ERRORS)]


@pytest.mark.parametrize("kind", ["1", "1.0", '"1"', " 1 ", "1e0"])
def test_in_csv_one_label_however_it_is_written(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "x.csv"
    path.write_text(f"id,prediction,label\n1,1,{kind}\n2,{kind},1\n3,0,{kind}\n")
    assert _replay(tmp_path, path)["performance"] == {"accuracy": pytest.approx(2 / 3)}


def test_an_empty_cell_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("id,prediction,a\n" + "".join(f"{n},1,{n % 7 if n < 1000 else ''}\n" for n in range(1500)))
    found = _replay(tmp_path, path, "--detector", "missing:*=adwin:delta=0.002")
    assert [(d["signal"], round(d["before"]), round(d["after"])) for d in found["detections"]] == [
        ("missing:a", 0, 1)
    ]


@pytest.mark.parametrize("unit", [1, 10**3, 10**6, 10**9])
@pytest.mark.parametrize("form", ["csv", "parquet", "jsonl"])
def test_times_as_people_have_them(tmp_path: Path, unit: int, form: str) -> None:
    seconds = int(START.timestamp())
    rows = [
        {"id": n, "prediction": 1, "ts": (seconds + 60 * n) * unit, "score": float(n >= 1000)} for n in range(2000)
    ]
    found = _replay(
        tmp_path, write(tmp_path / f"x.{form}", rows, form), "--detector", "score=adwin:delta=0.002", "--warmup", "0"
    )
    (index,) = river_indices(AdwinConfig(), np.array([row["score"] for row in rows]))
    expected = (START + timedelta(minutes=index)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert [(d["index"], d["ts"]) for d in found["detections"]] == [(index, expected)]


def test_several_files_are_one_stream(tmp_path: Path) -> None:
    rows = _table()
    parts = [write(tmp_path / f"{n}.csv", rows[n * 1000 : (n + 1) * 1000], "csv") for n in range(3)]
    whole = write(tmp_path / "whole.csv", rows, "csv")
    assert _replay(tmp_path, *parts, *MAPPED) == _replay(tmp_path, whole, *MAPPED)


def test_a_regression(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    y_true, noise = rng.normal(100, 10, 2000), rng.normal(size=2000)
    y_pred = y_true + noise
    rows = [
        {"id": n, "prediction": p, "label": t}
        for n, (p, t) in enumerate(zip(y_pred.tolist(), y_true.tolist(), strict=True))
    ]
    found = _replay(tmp_path, write(tmp_path / "x.csv", rows, "csv"), "--task", "regression")
    assert found["performance"] == {
        "mae": pytest.approx(np.abs(noise).mean()),
        "rmse": pytest.approx(np.sqrt((noise**2).mean())),
        "r2": pytest.approx(1 - (noise**2).sum() / ((y_true - y_true.mean()) ** 2).sum()),
    }


def test_rejects_are_told_by_reason(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"id": 1, "prediction": 1}\nnot json\n{"id": 2}\n[1]\n')
    found = _replay(tmp_path, path)
    assert found["events"] == 1
    assert found["rejected"] == {"not_json": 1, "missing_prediction": 1, "not_object": 1}


def test_rows_with_too_many_cells_are_rejected(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("id,prediction\n1,1\n2,1,9\n")
    assert sum(_replay(tmp_path, path)["rejected"].values()) == 1


def test_when_nothing_could_be_read_it_ends_with_1_and_a_hint(tmp_path: Path) -> None:
    result = _run(write(tmp_path / "x.csv", _table(30), "csv"))
    assert result.exit_code == 1
    assert "--field id=COLUMN" in result.stderr


def test_the_table_and_performance_are_printed(tmp_path: Path) -> None:
    result = _run(write(tmp_path / "x.csv", _table(), "csv"), *MAPPED)
    assert result.exit_code == 0
    for text in ("3,000 predictions, 3,000 labels, 3,000 outcomes, 0 rejected", "accuracy", "feature:age", "glr"):
        assert text in result.stdout
    assert "Reading" not in result.output  # no bar where there is no terminal


def _changing(tmp_path: Path, signals: int = 3, count: int = 2000) -> Path:
    """All features change at the half, the later ones more; one has an endless name, one is of text."""
    rng = np.random.default_rng(8)
    level = np.arange(count) >= count // 2
    columns = {f"f{at}": (rng.normal(size=count) + (1 + at / 4) * level).tolist() for at in range(signals)}
    columns["n" * 150] = (rng.normal(size=count) + 1.5 * level).tolist()
    columns["kind"] = np.where(rng.random(count) < 0.5 + 0.4 * level, "x", "y").tolist()
    rows = [
        {
            "id": n,
            "ts": (START + timedelta(minutes=n)).isoformat(),
            "prediction": 1,
            **dict(zip(columns, row, strict=True)),
        }
        for n, row in enumerate(zip(*columns.values(), strict=True))
    ]
    return write(tmp_path / "x.csv", rows, "csv")


def test_what_changed_is_told_by_episode(tmp_path: Path) -> None:
    found = _replay(tmp_path, _changing(tmp_path))
    (episode,) = found["episodes"]
    told = [one["signal"] for one in episode["signals"]]
    assert {"feature:f0", "feature:f1", "feature:f2", "feature:kind"} <= set(told)
    effects = [one["effect"] for one in episode["signals"]]
    assert effects == sorted(effects, reverse=True)
    assert (episode["id"], episode["signals_total"]) == (found["detections"][0]["episode"], len(told))
    assert episode["detections"] == len(found["detections"])
    assert abs(episode["changed_index"] - 1000) < 20
    began = datetime.fromisoformat(episode["changed_ts"])
    assert began == START + timedelta(minutes=episode["changed_index"])
    assert {"id", "direction", "before", "after", "detector", "changed_ts", "category"} <= set(episode["signals"][0])
    for one in found["detections"]:
        assert one["direction"] == ("up" if one["after"] >= one["before"] else "down")
        assert one["changed_ts"] == f"{(START + timedelta(minutes=one['changed_index'])):%Y-%m-%dT%H:%M:%S}.000Z"
    assert len({one["id"] for one in found["detections"]}) == len(found["detections"])


@pytest.mark.parametrize("columns", [80, 120])
def test_the_terminal_has_a_block_for_each_episode(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    path = _changing(tmp_path, signals=12)
    (episode,) = _replay(tmp_path, path)["episodes"]
    blocks = _run(path).stdout.split("\n\n")
    head, began, noticed, _, *rows, more = blocks[1].splitlines()
    assert head == f"Episode 1 in default/default: {episode['signals_total']} signals"
    changed = f"{episode['changed_ts'][:19].replace('T', ' ')} UTC, prediction {episode['changed_index']:,}"
    assert began == f"  began about {changed}"
    late = episode["index"] - episode["changed_index"]
    assert noticed == f"  noticed {late} prediction{'s' * (late > 1)} ({late} min) later"
    assert [row.split()[0][:10] for row in rows] == [one["signal"][:10] for one in episode["signals"][:8]]
    strongest = episode["signals"][0]
    for text in (f"{strongest['before']:.4g}"[:4], f"{strongest['effect']:.3g}", "glr", "up"):
        assert text in rows[0]
    assert more == f"  and {episode['signals_total'] - 8} more signals with smaller effects"
    assert max(map(len, blocks[1].splitlines())) <= columns


def test_only_so_many_episodes_are_shown_those_with_the_largest_effects(tmp_path: Path) -> None:
    rng = np.random.default_rng(9)
    level = np.repeat(np.tile([0.0, 2.0], 12) * np.repeat(np.linspace(1.0, 4.0, 12), 2), 700)
    rows = [
        {"id": n, "prediction": 1, "a": value}
        for n, value in enumerate((rng.normal(size=len(level)) + level).tolist())
    ]
    path = write(tmp_path / "x.csv", rows, "csv")
    flags = ("--episode-gap", "1", "--detector", "feature:*=glr")
    found = _replay(tmp_path, path, *flags)["episodes"]
    shown = [
        int(block.split()[1]) for block in _run(path, *flags).stdout.split("\n\n") if block.startswith("Episode ")
    ]
    assert len(found) > 10
    strongest = sorted(range(1, len(found) + 1), key=lambda at: -found[at - 1]["signals"][0]["effect"])[:10]
    assert shown == sorted(strongest)
    assert f"And {len(found) - 10} more episode" in _run(path, *flags).stdout


@pytest.mark.parametrize(("name", "content"), [("x.csv", ""), ("x.csv", "id,prediction\n"), ("x.jsonl", "")])
@pytest.mark.parametrize("count", [1, 3])
def test_where_there_is_no_prediction_it_says_so_and_ends_with_1(
    tmp_path: Path, name: str, content: str, count: int
) -> None:
    """What was found is written all the same."""
    (tmp_path / name).write_text(content)
    result = _run(*[tmp_path / name] * count, "--json", tmp_path / "out.json")
    assert result.exit_code == 1
    more = "" if count == 1 else " and 2 more files"
    assert result.stderr == f"No prediction: there is none in {tmp_path / name}{more}.\n"
    found = json.loads((tmp_path / "out.json").read_bytes())
    assert (found["events"], found["detections"], found["performance"]) == (0, [], {})


# Errors


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
    assert _replay(tmp_path, tmp_path / "x.txt", "--format", "csv")["events"] == 1


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
