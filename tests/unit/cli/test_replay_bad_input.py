"""``replay`` of streams that are out of shape: a clear message, no crash and no endless alarm."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from stream_monitor.cli import cli
from stream_monitor.core.arrays import Floats
from tests.unit.cli.replaying import run_replay

START, DAY = 1_760_000_000, 86_400
COUNT = 10_000


def _write(path: Path, count: int = COUNT, /, **columns: Iterable[Any]) -> Path:
    """Write a binary model's predictions, right in 90 %, with further columns."""
    rng = np.random.default_rng(1)
    predictions = rng.integers(0, 2, count)
    labels = np.where(rng.random(count) < 0.1, 1 - predictions, predictions)
    table = {"id": range(count), "prediction": predictions, "label": labels, **columns}
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(table)
        rows.writerows(zip(*(list(column) for column in table.values()), strict=True))
    return path


def _told(tmp_path: Path, path: Path, *flags: Any) -> tuple[str, dict[str, Any]]:
    """Return what the command prints and its ``--json``; the report is written as well."""
    result = run_replay(path, *flags, "--json", tmp_path / "out.json", "--report", tmp_path / "out.html")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads((tmp_path / "out.json").read_bytes())
    assert "Traceback" not in result.output
    page = (tmp_path / "out.html").read_text()
    assert page.count("<article class=episode id=episode-") == len(found["episodes"])
    return " ".join(result.output.split()), found


def _caveats(found: dict[str, Any]) -> str:
    return "\n".join(note for version in found["versions"] for note in version["caveats"])


def _cycle(ts: Floats) -> Floats:
    """Return a daily cycle between -1 and 1."""
    cycle: Floats = np.sin(2 * np.pi * ts / DAY)
    return cycle


def _noise(count: int = COUNT) -> Floats:
    return np.random.default_rng(2).normal(size=count)


def test_a_season_longer_than_the_data(tmp_path: Path) -> None:
    ts = START + 120.0 * np.arange(COUNT)
    text, found = _told(tmp_path, _write(tmp_path / "x.csv", ts=ts, x=_noise()), "--seasonality", "30d")
    assert "season of 30d: only 13.9 days of data; not taken out" in _caveats(found)
    assert "season of 30d: only 13.9 days of data" in text
    assert found["detections"] == []


def test_two_seasons_that_are_no_multiples(tmp_path: Path) -> None:
    ts = START + 120.0 * np.arange(COUNT)
    values = _noise() + _cycle(ts) + np.sin(2 * np.pi * ts / (36 * 3600))
    _, found = _told(tmp_path, _write(tmp_path / "x.csv", ts=ts, x=values), "--seasonality", "24h,36h")
    assert len(found["detections"]) <= 1


@pytest.mark.parametrize("seasonality", ["24h", "auto", "24h,7d"])
def test_a_stream_that_stops_for_a_week(tmp_path: Path, seasonality: str) -> None:
    ts = START + 120.0 * np.arange(COUNT) + np.where(np.arange(COUNT) >= 5_000, 7 * DAY + 4 * 3600, 0)
    text, found = _told(
        tmp_path, _write(tmp_path / "x.csv", ts=ts, x=_noise() + _cycle(ts), y=_noise()), "--seasonality", seasonality
    )
    assert len(found["detections"]) <= 1
    assert f"{COUNT:,} predictions" in text


@pytest.mark.parametrize("jump", [3600, -3600])
def test_a_clock_that_jumps_an_hour(tmp_path: Path, jump: int) -> None:
    """The cycle moves by an hour against the clock, which is a change, but ends once it is learned."""
    count = 14_000
    sun = START + 172.8 * np.arange(count)
    ts = sun + np.where(np.arange(count) >= 5_000, jump, 0)
    path = _write(tmp_path / "x.csv", count, ts=ts, x=_noise(count) + _cycle(sun))
    _, found = _told(tmp_path, path, "--seasonality", "24h")
    assert len(found["detections"]) <= 6
    assert len(found["episodes"]) <= 3
    # A season is learned from eight periods of 500 predictions.
    assert all(5_000 <= one["index"] < 5_000 + 8 * 500 for one in found["detections"])


@pytest.mark.parametrize("flags", [(), ("--seasonality", "24h"), ("--seasonality", "auto")])
def test_events_in_falling_order_of_time(tmp_path: Path, flags: tuple[str, ...]) -> None:
    ts = START + 120.0 * np.arange(COUNT)[::-1]
    values = _noise() + np.where(np.arange(COUNT) < 6_000, 0.0, 3.0)
    text, found = _told(tmp_path, _write(tmp_path / "x.csv", ts=ts, x=values), *flags)
    assert f"note: {COUNT - 1:,} predictions came with an earlier time than the one before" in " ".join(text.split())
    assert "sort the rows by time" in _caveats(found)
    assert {one["signal"] for one in found["detections"]} == {"feature:x"}
    assert len(found["episodes"]) == 1


def test_a_few_late_events_are_no_wrong_order(tmp_path: Path) -> None:
    ts = START + 120.0 * np.arange(COUNT) - np.where(np.arange(COUNT) % 20 == 0, 600.0, 0.0)
    _, found = _told(tmp_path, _write(tmp_path / "x.csv", ts=ts, x=_noise()))
    assert "earlier time" not in _caveats(found)


@pytest.mark.parametrize("flags", [(), ("--seasonality", "24h")])
@pytest.mark.parametrize("kind", ["noise", "level", "category"])
def test_a_feature_that_is_constant_for_a_month_and_then_moves(
    tmp_path: Path, kind: str, flags: tuple[str, ...]
) -> None:
    moves = np.arange(COUNT) >= COUNT // 2
    columns = {
        "noise": np.where(moves, 5.0 + _noise(), 5.0),
        "level": np.where(moves, 7.0, 5.0),
        "category": np.where(moves & (_noise() > 1.0), "B", "A"),
    }
    ts = START + 518.4 * np.arange(COUNT)
    _, found = _told(tmp_path, _write(tmp_path / "x.csv", ts=ts, x=columns[kind]), *flags)
    (episode,) = found["episodes"]
    assert {one["signal"] for one in found["detections"]} <= {"feature:x", "spread:x"}
    assert not episode["is_over"]
    assert abs(episode["changed_index"] - COUNT // 2) < 100
    # Told over the whole time since the change: a spread has one value in four.
    counts = {row["signal"]: row["n_after"] for row in episode["signals"] if not row["is_over"]}
    assert max(4 * n if signal == "spread:x" else n for signal, n in counts.items()) > 0.9 * COUNT // 2


def test_a_hundred_copies_of_one_feature(tmp_path: Path) -> None:
    values = np.round(_noise(3_000) + np.where(np.arange(3_000) < 2_000, 0.0, 1.0), 3)
    path = _write(tmp_path / "x.csv", 3_000, **{f"x{at}": values for at in range(100)})
    text, found = _told(tmp_path, path)
    (episode,) = found["episodes"]
    assert (episode["signals_total"], episode["detections"]) == (100, 100)
    assert "100 drifts detected, in 1 episode" in text
    assert "and 92 less evident signals" in text


@pytest.mark.parametrize("column", ["prediction", "label"])
def test_a_class_that_the_profile_has_never_seen(tmp_path: Path, column: str) -> None:
    rng = np.random.default_rng(3)
    classes = {name: rng.choice(["a", "b"], COUNT) for name in ("prediction", "label")}
    made = CliRunner().invoke(
        cli, ["profile", str(_write(tmp_path / "t.csv", x=_noise(), **classes)), "-o", str(tmp_path / "p.json")]
    )
    assert made.exit_code == 0, made.output
    classes[column] = rng.choice(["a", "b", "new"], COUNT, p=[0.45, 0.45, 0.1])
    path = _write(tmp_path / "x.csv", x=_noise(), **classes)
    text, found = _told(tmp_path, path, "--profile", tmp_path / "p.json")
    assert "'new' 0% -> " in text
    shifted = [each["signal"] for each in found["reference"] if each["verdict"] == "shifted"]
    assert shifted == [column]
    assert {one["kind"] for one in found["detections"]} == {"skew"}


def test_a_season_is_seen_in_the_errors_of_labels_that_come_last(tmp_path: Path) -> None:
    """Labels of later than all predictions: no prediction comes with their errors."""
    ts = START + 120.0 * np.arange(COUNT)
    predictions = np.random.default_rng(5).integers(0, 2, COUNT)
    is_wrong = np.random.default_rng(6).random(COUNT) < 0.3 + 0.25 * np.sin(2 * np.pi * ts / DAY)
    for name, columns in {
        "predictions.csv": {"id": range(COUNT), "ts": ts, "prediction": predictions},
        "labels.csv": {
            "id": range(COUNT),
            "ts": ts + 15 * DAY,
            "label": np.where(is_wrong, 1 - predictions, predictions),
        },
    }.items():
        with (tmp_path / name).open("w", newline="") as file:
            csv.writer(file).writerows([list(columns), *zip(*columns.values(), strict=True)])
    _, found = _told(tmp_path, tmp_path / "predictions.csv", "--labels", tmp_path / "labels.csv")
    assert "season of 24h left in: it explains" in _caveats(found)
    assert "of error" in _caveats(found)
