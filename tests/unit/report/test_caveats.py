"""Caveats of `replay` on data that it could not watch."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from stream_monitor.cli import cli
from stream_monitor.drift.false_alarms import FalseAlarms
from stream_monitor.pipeline.snapshot import ModelSnapshot
from stream_monitor.pipeline.take_snapshot import SnapshotTaker
from stream_monitor.report.caveats import caveats
from stream_monitor.stats.season_clock import AwaitedSeason
from stream_monitor.testing import make_prediction
from tests.files import write
from tests.harness import run

COUNT = 3000
MINUTE = 60.0
#: A terminal that wraps no line.
WIDE = {"COLUMNS": "10000"}


def _rows(count: int = COUNT, **columns: Any) -> list[dict[str, Any]]:
    rng = np.random.default_rng(1)
    columns["age"] = rng.normal(40.0, 10.0, count).tolist()
    return [
        {"id": n, "ts": 1.7e9 + n * MINUTE, "prediction": "yes", **{name: each[n] for name, each in columns.items()}}
        for n in range(count)
    ]


def _caveats(tmp_path: Path, rows: list[dict[str, Any]], *flags: str) -> list[str]:
    path, found = write(tmp_path / "x.parquet", rows, "parquet"), tmp_path / "found.json"
    result = CliRunner(env=WIDE).invoke(cli, ["replay", str(path), "--json", str(found), *flags])
    assert result.exit_code == 0, result.output
    caveats: list[str] = json.loads(found.read_bytes())["versions"][0]["caveats"]
    assert all(f"note: {note}" in result.output for note in caveats)
    return caveats


def test_of_what_is_well_nothing_is_said(tmp_path: Path) -> None:
    assert _caveats(tmp_path, _rows()) == []


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ([5.0] * COUNT, "one value only at first in x"),
        ([None] * COUNT, "never a value in x"),
        ([f"user {n}" for n in range(COUNT)], "over 1,000 categories, as an id has them, in x"),
    ],
    ids=["constant", "always missing", "an id"],
)
def test_a_feature_that_tells_little(tmp_path: Path, column: list[Any], expected: str) -> None:
    (note,) = _caveats(tmp_path, _rows(x=column))
    assert note.startswith(expected)


def test_values_of_another_type_are_counted(tmp_path: Path) -> None:
    rows = _rows(x=["1.5"] * COUNT)
    path = tmp_path / "x.jsonl"
    for n, row in enumerate(rows):
        row["features"] = {"x": 1.0 + n % 7 if n < 2900 else "text"}
        del row["x"], row["age"]
    path.write_text("\n".join(map(json.dumps, rows)))
    result = CliRunner().invoke(cli, ["replay", str(path)])
    assert "note: x is taken for numeric: 100 of its values are not" in result.output


def test_a_season_longer_than_the_data(tmp_path: Path) -> None:
    (note,) = _caveats(tmp_path, _rows(), "--seasonality", "7d")
    assert note.startswith(
        "season of 7d: only 2.08 days of data; not taken out, and only large changes are found in "
    )
    assert "feature:age" in note
    assert _caveats(tmp_path, _rows(), "--seasonality", "24h") == []


def _snapshot(**more: Any) -> ModelSnapshot:
    """Return a model version whose first signal has these values."""
    pipeline, _ = run([make_prediction(n) for n in range(600)])
    (model,) = SnapshotTaker(pipeline).take().models
    return replace(model, signals=[replace(model.signals[0], **more)])


@pytest.mark.parametrize(
    ("days", "expected"),
    [(0.5, "only 12 hours of data"), (39.9, "no whole period without a change in it yet")],
)
def test_the_reason_why_a_season_is_not_known(days: float, expected: str) -> None:
    day = 86_400.0
    (note,) = caveats(_snapshot(awaited_seasons=[AwaitedSeason(day, days * day)]), 500)
    assert note.startswith(f"season of 24h: {expected}; not taken out, ")


@pytest.mark.parametrize("seasons", [{}, {86_400.0: 0.5}])
def test_a_season_is_advised_only_where_none_is_given(seasons: dict[float, float]) -> None:
    model = _snapshot(false_alarms=FalseAlarms(140_000.0, "level"), seasons=seasons)
    (note,) = caveats(model, 500)
    assert "not kept: more than 100 times as many in prediction, where the level comes and goes" in note
    assert ("--seasonality" in note) == (not seasons)
    assert note.endswith("higher --expected-run-length")


def test_a_note_is_wrapped_to_the_terminal(tmp_path: Path) -> None:
    path = write(tmp_path / "x.parquet", _rows(), "parquet")
    result = CliRunner(env={"COLUMNS": "80"}).invoke(cli, ["replay", str(path), "--seasonality", "7d"])
    _, _, note = result.output.partition("  note: ")
    first, second = note.splitlines()[:2]
    assert 60 < len(first) <= 72 and second.startswith("        ") and len(second) <= 80


def test_fewer_predictions_than_a_warm_up(tmp_path: Path) -> None:
    (note,) = _caveats(tmp_path, _rows(499))
    assert note == "499 predictions are fewer than --warmup 500: nothing could be found"
    assert _caveats(tmp_path, _rows(501)) == []


def _of_features(tmp_path: Path, columns: dict[str, Any], *flags: str) -> list[str]:
    """The caveats on events without times, which have these features."""
    path = tmp_path / "x.jsonl"
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    events = [{"id": n, "prediction": "yes", "features": row} for n, row in enumerate(rows)]
    path.write_text("\n".join(map(json.dumps, events)))
    result = CliRunner(env=WIDE).invoke(cli, ["replay", str(path), *flags])
    assert result.exit_code == 0, result.output
    return [line.removeprefix("  note: ") for line in result.output.splitlines() if line.startswith("  note: ")]


NUMBERS = [float(n % 7) for n in range(COUNT)]


def test_features_beyond_the_bound(tmp_path: Path) -> None:
    columns = {"a": NUMBERS, "b": NUMBERS, "c": NUMBERS}
    (note,) = _of_features(tmp_path, columns, "--max-features", "2")
    assert note == "3,000 values are of features beyond --max-features: they are not watched"
    assert _of_features(tmp_path, columns) == []


def test_numbers_that_came_as_text(tmp_path: Path) -> None:
    columns = {"x": [f"{n % 7}.5" for n in range(COUNT)], "y": ["1", "2", "S"] * (COUNT // 3)}
    (note,) = _of_features(tmp_path, columns)
    assert note.startswith("numbers that came as text in x: taken for categorical")
    assert _of_features(tmp_path, columns, "--feature-type", "x=categorical") == []


def test_a_season_of_events_without_times(tmp_path: Path) -> None:
    (note,) = _of_features(tmp_path, {"a": NUMBERS}, "--seasonality", "24h")
    assert note.startswith(
        "season of 24h: events have no time, or none that is later; not taken out, and only large "
    )
    assert note.endswith(" in prediction, missing:a, feature:a, spread:a")


def test_a_feature_without_a_name(tmp_path: Path) -> None:
    (note,) = _of_features(tmp_path, {"": [None] * COUNT})
    assert note == "never a value in '': only what is missing is watched"


@pytest.mark.parametrize("season", ["none", "24h", "auto"])
def test_a_season_that_is_left_in_is_told(tmp_path: Path, season: str) -> None:
    """A value a minute: the wave has half of the variance of the number, and a fifth of that of the share."""
    hours = np.arange(6 * 24 * 60) / 60.0
    rng = np.random.default_rng(2)
    wave = np.sin(2 * np.pi * hours / 24)
    columns = {
        "load": (wave * 2**0.5 + rng.normal(size=len(hours))).tolist(),
        "shop": np.where(rng.random(len(hours)) < 0.5 + 0.3 * wave, "a", "b").tolist(),
    }
    notes = [
        note for note in _caveats(tmp_path, _rows(len(hours), **columns), "--seasonality", season) if "left" in note
    ]
    if season != "none":
        assert notes == []
        return
    (note,) = notes
    load, shop = re.findall(r"(\d+)% of the variance of feature:(?:load|shop)", note)
    assert note.startswith("season of 24h left in: it explains ") and "age" not in note
    assert abs(int(load) - 50) < 10 and abs(int(shop) - 18) < 8
    assert note.endswith("--seasonality 24h takes it out, or auto")


def test_where_the_promise_is_not_kept_all_outputs_say_so(tmp_path: Path) -> None:
    rng, at = np.random.default_rng(1), np.arange(12_000)
    clusters = rng.standard_normal(len(at)) + rng.standard_normal(len(at) // 500 + 1)[at // 500]
    path = write(tmp_path / "x.parquet", _rows(len(at), x=clusters.tolist()), "parquet")
    flags = ["--json", str(tmp_path / "found.json"), "--report", str(tmp_path / "report.html")]
    result = CliRunner(env=WIDE).invoke(cli, ["replay", str(path), *flags, "--expected-run-length", "20000"])
    (found,) = json.loads((tmp_path / "found.json").read_bytes())["versions"][0]["false_alarms"]
    assert (found["signal"], found["cause"]) == ("feature:x", "level")
    assert found["ratio"] > 3.0
    sentence = re.search(
        "note: (the promised number of false alarms is not kept: .* times as many .*)", result.output
    )
    assert sentence is not None
    assert escape(sentence[1]) in (tmp_path / "report.html").read_text()
