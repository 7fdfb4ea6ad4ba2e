"""``replay`` of streams as people have them: cycles of shares, categories in runs, and differences from training."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from stream_monitor.cli import cli
from stream_monitor.core.arrays import Floats, Ints
from tests.unit.cli.replaying import replay_json, run_replay

START, DAY = 1_760_000_000, 86_400
Draw = Callable[[np.random.Generator, int], Iterable[Any]]


def _write(path: Path, **columns: Iterable[Any]) -> Path:
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(columns)
        rows.writerows(zip(*(list(column) for column in columns.values()), strict=True))
    return path


def _cycle(count: int, a_day: int) -> tuple[Floats, Floats]:
    """Return times with so many events a day, and a daily cycle between -1 and 1."""
    ts = START + np.arange(count) * (DAY / a_day)
    return ts, np.sin(2 * np.pi * ts / DAY)


@pytest.mark.parametrize(
    ("usual", "amplitude", "error", "error_amplitude"),
    [(0.31, 0.29, 0.15, 0.1), (0.04, 0.035, 0.02, 0.0), (0.9, 0.1, 0.3, 0.2)],
)
def test_a_daily_cycle_of_a_binary_prediction(
    tmp_path: Path, usual: float, amplitude: float, error: float, error_amplitude: float
) -> None:
    rng = np.random.default_rng(1)
    ts, cycle = _cycle(16_000, 1_000)
    predictions = (rng.random(16_000) < usual + amplitude * cycle).astype(int)
    labels = np.where(rng.random(16_000) < error + error_amplitude * cycle, 1 - predictions, predictions)
    path = _write(tmp_path / "x.csv", id=range(16_000), ts=ts, prediction=predictions, label=labels)
    assert len(replay_json(tmp_path, path, "--seasonality", "24h")["detections"]) <= 1


def test_a_daily_cycle_of_three_classes_and_a_category(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    ts, cycle = _cycle(16_000, 1_000)
    shares = np.stack([0.5 + 0.3 * cycle, 0.3 - 0.25 * cycle, 0.2 - 0.05 * cycle])
    classes, channels = _drawn(shares, rng), _drawn(shares[::-1], rng)
    labels = np.where(rng.random(16_000) < 0.1 + 0.09 * cycle, (classes + 1) % 3, classes)
    path = _write(
        tmp_path / "x.csv",
        id=range(16_000),
        ts=ts,
        prediction=classes,
        label=labels,
        channel=np.array(["web", "app", "tel"])[channels],
    )
    assert len(replay_json(tmp_path, path, "--seasonality", "24h")["detections"]) <= 1


def _drawn(shares: Floats, rng: np.random.Generator) -> Ints:
    """Return a code for each column of shares, shape (codes, n)."""
    codes: Ints = (rng.random(shares.shape[1]) > np.cumsum(shares, axis=0)[:-1]).sum(axis=0)
    return codes


@pytest.mark.parametrize(("longest", "shares"), [(30, (0.7, 0.45)), (12, (0.3, 0.55)), (6, (0.9, 0.7))])
def test_the_shares_of_categories_in_runs_are_those_of_rows(
    tmp_path: Path, longest: int, shares: tuple[float, float]
) -> None:
    """The runs of A and of the others have different lengths, so shares of blocks would differ from those of rows."""
    rng = np.random.default_rng(3)
    regions: list[str] = []
    for share in shares:
        part: list[str] = []
        while len(part) < 12_000:
            is_first = rng.random() < share
            length = int(rng.integers(1, longest if is_first else max(longest // 3, 2)))
            part += [str("A" if is_first else rng.choice(["B", "C"]))] * length
        regions += part[:12_000]
    path = _write(tmp_path / "x.csv", id=range(24_000), prediction=[1] * 24_000, region=regions)
    found = replay_json(tmp_path, path)
    is_a = np.array(regions) == "A"
    (one,) = [each for each in found["detections"] if each["category"] == "A"]
    begin, end = one["changed_index"], one["index"] + 1
    assert abs(begin - 12_000) < 500
    assert one["after"] == pytest.approx(is_a[begin:end].mean(), abs=0.01)
    assert one["before"] == pytest.approx(is_a[:begin].mean(), abs=0.01)
    (episode,) = found["episodes"]
    told = episode["signals"][0]
    assert told["after"] == pytest.approx(is_a[begin:].mean(), abs=0.01)
    assert f"{100 * told['after']:.3g}%" in episode["title"]


def _against(tmp_path: Path, train: Draw, production: Draw | None, count: int = 3_000) -> dict[str, Any]:
    """Return the ``--json`` of production data with one other column, against a profile of the training data."""
    rng = np.random.default_rng(5)

    def table(name: str, column: Draw | None) -> Path:
        columns: dict[str, Iterable[Any]] = {"id": range(count), "prediction": rng.integers(0, 2, count)}
        columns["other"] = np.round(rng.normal(size=count), 3)
        if column is not None:
            columns["x"] = column(rng, count)
        return _write(tmp_path / name, **columns)

    made = CliRunner().invoke(cli, ["profile", str(table("t.csv", train)), "-o", str(tmp_path / "p.json")])
    assert made.exit_code == 0, made.output
    return replay_json(tmp_path, table("q.csv", production), "--profile", tmp_path / "p.json")


def _always(value: Any) -> Draw:
    return lambda _, count: [value] * count


def _normal(mean: float = 0.0, deviation: float = 1.0) -> Draw:
    return lambda rng, count: rng.normal(mean, deviation, count)


def _some_missing(value: Any, share: float) -> Draw:
    return lambda rng, count: ["" if gone else value for gone in rng.random(count) < share]


def _few_others(value: Any, other: Any, share: float) -> Draw:
    return lambda rng, count: [other if each else value for each in rng.random(count) < share]


def _of(letters: str, *shares: float) -> Draw:
    return lambda rng, count: rng.choice(list(letters), count, p=shares)


@pytest.mark.parametrize(
    ("train", "production", "signal", "title"),
    [
        (_always("true"), _always("false"), "feature:x", "x down from 1 to 0"),
        (_always(2015), _always(2016), "feature:x", "x up from 2,015 to 2,016"),
        (_always(0), _always(1), "feature:x", "x up from 0 to 1"),
        (_always("EUR"), _always("USD"), "feature:x", "share of 'EUR' in x down from 100% to 0%"),
        (_always(5), _normal(5.0), "feature:x", "share of 'below 5' in x up from 0% to "),
        (_always(5), _few_others(5, 6, 0.05), "feature:x", "share of '"),
        (_normal(), _normal(1.0), "feature:x", "x up from "),
        (_normal(), _normal(-0.5), "feature:x", "x down from "),
        (_normal(), _normal(0.0, 1.7), "feature:x", "share of '"),
        (_normal(), _normal(0.0, 0.5), "feature:x", "share of '"),
        (_of("ab", 0.5, 0.5), _of("abc", 0.47, 0.47, 0.06), "feature:x", "share of 'c' in x up from 0% to "),
        (_always(5), _some_missing(5, 0.2), "missing:x", "missing values of x up from 0% to "),
        (_always("A"), _some_missing("A", 0.2), "missing:x", "missing values of x up from 0% to "),
        (_normal(), _always(""), "missing:x", "missing values of x up from 0% to 100%"),
    ],
)
def test_what_differs_since_the_first_row(
    tmp_path: Path, train: Draw, production: Draw, signal: str, title: str
) -> None:
    found = _against(tmp_path, train, production)
    shifted = [each for each in found["reference"] if each["verdict"] == "shifted"]
    assert [(each["signal"], each["kind"]) for each in shifted] == [(signal, "skew")]
    assert shifted[0]["value"] > shifted[0]["threshold"]
    assert [(each["signal"], each["kind"]) for each in found["detections"]] == [(signal, "skew")]
    (episode,) = found["episodes"]
    assert episode["title"].startswith(f"Differs from the training data since the start: {title}")
    assert run_replay(tmp_path / "q.csv", "--profile", tmp_path / "p.json").output.startswith(
        "Against the training data, default/default: 1 of "
    )


def test_a_column_that_never_comes(tmp_path: Path) -> None:
    found = _against(tmp_path, _normal(), None)
    (shifted,) = [each for each in found["reference"] if each["verdict"] == "shifted"]
    assert (shifted["signal"], shifted["before"], shifted["after"]) == ("missing:x", 0.0, 1.0)


@pytest.mark.parametrize("column", [_always(5), _always("A"), _normal(), _some_missing(5, 0.2)])
def test_the_same_again_is_the_same(tmp_path: Path, column: Draw) -> None:
    found = _against(tmp_path, column, column)
    assert {each["verdict"] for each in found["reference"]} == {"same"}
    assert found["detections"] == []
