"""``stream-monitor compare``: scores, verdict, exit code, and what the manifest keeps of a look."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from stream_monitor.actions.evaluation_files import EvaluationFiles
from stream_monitor.actions.evaluation_manifest import read_manifest
from stream_monitor.cli import cli
from stream_monitor.core.errors import ConfigError
from stream_monitor.performance.evaluation import WindowKey
from stream_monitor.performance.evaluation_set import EvaluationRow, EvaluationSet

DAY, ROWS = 86_400.0, 800


def write_sets(directory: Path, days: int, model: str = "churn") -> None:
    """Write sets in which version 3 is right on 80 % of the rows; the true class is that of the id's last digit."""
    files = EvaluationFiles(directory)
    for day in range(days):
        rng = random.Random(day)
        rows = []
        for at in range(day * ROWS, (day + 1) * ROWS):
            y_true = at % 2
            y_pred = y_true if rng.random() < 0.8 else 1 - y_true
            version = "3" if at % 10 else "2"
            rows.append(
                EvaluationRow(DAY * day, f"r-{at}", model, version, y_pred, None, {}, y_true, 0.1, at % 7 > 0)
            )
        files.write(EvaluationSet(WindowKey(model, day), DAY * day, DAY * (day + 1), rows, 0.1, 1.0))


def write_candidate(path: Path, accuracy: float, seed: int = 5, count: int = 6 * ROWS) -> Path:
    rng = random.Random(seed)
    lines = [f"r-{at},{at % 2 if rng.random() < accuracy else 1 - at % 2}.0" for at in range(count)]
    path.write_text("id,prediction\n" + "\n".join(lines) + "\n")
    return path


def _run(sets: Path, candidate: Path, *more: str) -> Result:
    return CliRunner().invoke(cli, ["compare", "--sets", str(sets), "--candidate", str(candidate), *more])


def test_a_better_candidate_passes_and_a_worse_one_does_not(tmp_path: Path) -> None:
    write_sets(sets := tmp_path / "sets", 5)
    better = _run(sets, write_candidate(tmp_path / "better.csv", 0.9))
    assert better.exit_code == 0, better.output
    assert "Verdict: the candidate is better than the champion" in better.output
    assert better.output.count("1970-01-0") == 4 and "1 of the newest sets sealed" in better.output
    worse = _run(sets, write_candidate(tmp_path / "worse.csv", 0.8))
    assert worse.exit_code == 1 and "not shown to be better" in worse.output
    looks = read_manifest(sets)["looks"]
    assert [look["is_better"] for look in looks] == [True, False] and len(looks[0]["sets"]) == 4
    assert looks[1]["level"] < looks[0]["level"] / 10


def test_everything_is_in_the_json_file(tmp_path: Path) -> None:
    write_sets(sets := tmp_path / "sets", 3)
    candidate, out = write_candidate(tmp_path / "better.csv", 0.9), tmp_path / "out.json"
    assert _run(sets, candidate, "--json", str(out)).exit_code == 0
    found = json.loads(out.read_bytes())
    assert (found["model"], found["champion"], found["is_better"], found["look"]) == ("churn", "3", True, 1)
    assert found["p_value"] <= found["level"]
    first, second = found["sets"]
    assert (first["start"], second["start"]) == ("1970-01-01T00:00:00.000Z", "1970-01-02T00:00:00.000Z")
    assert first["difference"]["lower"] < 0.1 < first["difference"]["upper"]
    assert first["candidate"]["value"] - first["champion"]["value"] == pytest.approx(first["difference"]["value"])


def test_a_json_file_that_can_not_be_written_costs_no_look(tmp_path: Path) -> None:
    write_sets(sets := tmp_path / "sets", 3)
    candidate = write_candidate(tmp_path / "better.csv", 0.9)
    with pytest.raises(ConfigError, match="--json: can't write"):
        cli.main(
            ["compare", "--sets", str(sets), "--candidate", str(candidate), "--json", str(tmp_path / "no/out.json")],
            standalone_mode=False,
        )
    assert read_manifest(sets)["looks"] == []


def test_the_same_predictions_are_one_look(tmp_path: Path) -> None:
    write_sets(sets := tmp_path / "sets", 3)
    first, again = (_run(sets, write_candidate(tmp_path / f"{name}.csv", 0.9)) for name in "ab")
    assert first.output.replace("a.csv", "b.csv") == again.output and len(read_manifest(sets)["looks"]) == 1
    # With another set it is another look at the others.
    write_sets(sets, 4)
    assert "Look 2" in _run(sets, tmp_path / "a.csv").output


def test_final_opens_the_sealed_sets_once(tmp_path: Path) -> None:
    write_sets(sets := tmp_path / "sets", 5)
    candidate = write_candidate(tmp_path / "c.csv", 0.9)
    final = _run(sets, candidate, "--final")
    assert final.exit_code == 0 and final.output.count("1970-01-0") == 1 and "Look 1," in final.output
    with pytest.raises(ConfigError, match="--final: no set of churn is sealed"):
        _raised(_run(sets, candidate, "--final"))
    # The opened set has its scores among the others, and no part in the verdict.
    after = _run(sets, candidate)
    assert after.output.count("1970-01-0") == 5 and "Look 1," in after.output
    assert len(read_manifest(sets)["looks"][-1]["sets"]) == 4


def _raised(result: Result) -> None:
    assert result.exception
    raise result.exception


@pytest.mark.parametrize(
    ("content", "more", "message"),
    [
        ("a,b\n1,2\n", (), "has the columns a, b; allowed: id and prediction"),
        ("id,prediction\nx,1\n", (), "predicts none of the"),
        (None, ("--champion", "9"), "no row of version 9; allowed: 2, 3"),
        (None, ("--model", "other"), "no set of other; allowed: churn"),
    ],
)
def test_bad_input_is_one_line(tmp_path: Path, content: str | None, more: tuple[str, ...], message: str) -> None:
    write_sets(sets := tmp_path / "sets", 3)
    candidate = write_candidate(tmp_path / "c.csv", 0.9)
    if content:
        candidate.write_text(content)
    with pytest.raises(ConfigError, match=message):
        _raised(_run(sets, candidate, *more))
    assert read_manifest(sets)["looks"] == []


def test_a_regression_is_refused(tmp_path: Path) -> None:
    rows = [EvaluationRow(1.0, "r-1", "price", "1", 1.5, None, {}, 1.6, 1.0, True)]
    found = EvaluationSet(WindowKey("price", 0), 0.0, DAY, rows, 1.0, 1.0)
    EvaluationFiles(tmp_path / "sets", "regression").write(found)
    with pytest.raises(ConfigError, match="price is a regression; allowed: a classification"):
        _raised(_run(tmp_path / "sets", write_candidate(tmp_path / "c.csv", 0.9)))


def test_of_several_models_one_is_named(tmp_path: Path) -> None:
    write_sets(sets := tmp_path / "sets", 2)
    write_sets(sets, 2, "fraud")
    candidate = write_candidate(tmp_path / "c.csv", 0.9)
    with pytest.raises(ConfigError, match="--model: is required; allowed: churn, fraud"):
        _raised(_run(sets, candidate))
    assert "Model fraud" in _run(sets, candidate, "--model", "fraud").output


def test_rows_without_a_prediction_count_as_wrong(tmp_path: Path) -> None:
    write_sets(sets := tmp_path / "sets", 3)
    found = _run(sets, write_candidate(tmp_path / "c.csv", 1.0, count=ROWS))
    assert "617 rows have no prediction of the candidate and count as wrong" in found.output


def test_without_sets(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there are no evaluation sets"):
        _raised(_run(tmp_path, write_candidate(tmp_path / "c.csv", 0.9)))
