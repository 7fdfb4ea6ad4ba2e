"""``stream-monitor replay``: what the terminal shows."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from tests.files import write
from tests.unit.cli.replaying import MAPPED, START, replay_json, run_replay, table


def test_when_nothing_could_be_read_it_ends_with_1_and_a_hint(tmp_path: Path) -> None:
    result = run_replay(write(tmp_path / "x.csv", table(30), "csv"))
    assert result.exit_code == 1
    assert "--field id=COLUMN" in result.stderr


def test_the_table_and_performance_are_printed(tmp_path: Path) -> None:
    result = run_replay(write(tmp_path / "x.csv", table(), "csv"), *MAPPED)
    assert result.exit_code == 0
    for text in ("3,000 predictions, 3,000 labels, 3,000 outcomes, 0 rejected", "accuracy", "feature:age", "glr"):
        assert text in result.stdout
    assert "Reading" not in result.output  # no bar where there is no terminal


def test_large_errors_are_printed_in_few_digits(tmp_path: Path) -> None:
    rows = [{"id": n, "prediction": 2e149 * (-1) ** n, "label": -1e149 * (-1) ** n} for n in range(20)]
    result = run_replay(write(tmp_path / "x.csv", rows, "csv"), "--task", "regression")
    assert result.exit_code == 0
    assert "  mae   cumulative 3e149  rolling 3e149" in result.stdout
    assert max(map(len, result.stdout.split())) < 30


def _changing(tmp_path: Path, signals: int = 3, count: int = 2000) -> Path:
    """Return a table whose features change in the middle, later ones more; one has a long name, one is text."""
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
    found = replay_json(tmp_path, _changing(tmp_path))
    (episode,) = found["episodes"]
    told = [one["signal"] for one in episode["signals"]]
    assert {"feature:f0", "feature:f1", "feature:f2", "feature:kind"} <= set(told)
    evidence = [one["evidence"] for one in episode["signals"]]
    assert evidence == sorted(evidence, reverse=True)
    assert (episode["is_over"], episode["end_index"], episode["kind"]) == (False, None, "drift")
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
    (episode,) = replay_json(tmp_path, path)["episodes"]
    blocks = run_replay(path).stdout.split("\n\n")
    lines = blocks[1].splitlines()
    told = lines.index(next(line for line in lines if line.startswith("  began")))
    assert " ".join(line.strip() for line in lines[1:told]) == episode["title"]
    head, began, noticed, still, _, *rows, more = [lines[0], *lines[told:]]
    assert still == "  still on"
    assert head == f"Episode 1 in default/default: {episode['signals_total']} signals"
    changed = f"{episode['changed_ts'][:19].replace('T', ' ')} UTC, prediction {episode['changed_index']:,}"
    assert began == f"  began about {changed}"
    late = episode["index"] - episode["changed_index"]
    assert noticed == f"  noticed {late} prediction{'s' * (late > 1)} ({late} min) later"
    assert [row.split()[0][:10] for row in rows] == [one["signal"][:10] for one in episode["signals"][:8]]
    strongest = episode["signals"][0]
    for text in (f"{strongest['before']:.4g}"[:4], f"{strongest['effect']:.3g}", "glr", "up"):
        assert text in rows[0]
    assert more == f"  and {episode['signals_total'] - 8} less evident signals"
    assert max(map(len, blocks[1].splitlines())) <= columns


def test_only_so_many_episodes_are_shown_the_most_evident_ones(tmp_path: Path) -> None:
    rng = np.random.default_rng(9)
    level = np.repeat(np.tile([0.0, 2.0], 12) * np.repeat(np.linspace(1.0, 4.0, 12), 2), 1000)
    rows = [
        {"id": n, "prediction": 1, "a": value}
        for n, value in enumerate((rng.normal(size=len(level)) + level).tolist())
    ]
    path = write(tmp_path / "x.csv", rows, "csv")
    flags = ("--episode-gap", "1", "--detector", "feature:*=glr")
    found = replay_json(tmp_path, path, *flags)["episodes"]
    shown = [
        int(block.split()[1])
        for block in run_replay(path, *flags).stdout.split("\n\n")
        if block.startswith("Episode ")
    ]
    assert len(found) > 10
    strongest = sorted(range(1, len(found) + 1), key=lambda at: -found[at - 1]["signals"][0]["evidence"])[:10]
    assert shown == sorted(strongest)
    assert f"And {len(found) - 10} less evident episode" in run_replay(path, *flags).stdout


def test_changes_that_are_too_small_are_told_in_one_line(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=40_000) + 0.06 * (np.arange(40_000) >= 20_000)
    rows = [{"id": n, "prediction": 1, "a": value} for n, value in enumerate(values.tolist())]
    path, flags = (
        write(tmp_path / "x.csv", rows, "csv"),
        ("--expected-run-length", "20000", "--detector", "feature:*=glr"),
    )
    found = replay_json(tmp_path, path, *flags)
    small = [one for one in found["small"] if one["signal"] == "feature:a"]
    assert small and all(one["effect"] < 0.1 and one["is_small"] and one["episode"] is None for one in small)
    assert not [one for one in found["detections"] if one["effect"] < 0.1]
    told = f"And {len(found['small'])} changes below --min-effect 0.1, too small to matter: "
    assert told.replace("1 changes", "1 change") in run_replay(path, *flags).stdout
    told_all = replay_json(tmp_path, path, *flags, "--min-effect", "0")
    assert not told_all["small"] and len(told_all["detections"]) >= len(small)


@pytest.mark.parametrize(("name", "content"), [("x.csv", ""), ("x.csv", "id,prediction\n"), ("x.jsonl", "")])
@pytest.mark.parametrize("count", [1, 3])
def test_where_there_is_no_prediction_it_says_so_and_ends_with_1(
    tmp_path: Path, name: str, content: str, count: int
) -> None:
    """The outputs are written all the same."""
    (tmp_path / name).write_text(content)
    result = run_replay(*[tmp_path / name] * count, "--json", tmp_path / "out.json")
    assert result.exit_code == 1
    more = "" if count == 1 else " and 2 more files"
    assert result.stderr == f"No prediction: there is none in {tmp_path / name}{more}.\n"
    found = json.loads((tmp_path / "out.json").read_bytes())
    assert (found["events"], found["detections"], found["performance"]) == (0, [], {})
