"""The commands ``contract`` and ``validate``, as they are typed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator

from stream_monitor.cli import cli
from tests.cli_runs import one_line
from tests.files import write
from tests.unit.profiles.training import FLAGS, FORMATS, ROWS, run_profile


def _run(*arguments: Any) -> Result:
    return CliRunner().invoke(cli, list(map(str, arguments)))


@pytest.fixture
def contract(tmp_path: Path) -> Path:
    """Return the contract of the training data, made as a user makes it."""
    path = tmp_path / "contract.yaml"
    assert run_profile(write(tmp_path / "x.csv", ROWS, "csv"), *FLAGS, "-o", tmp_path / "p.json").exit_code == 0
    result = _run("contract", tmp_path / "p.json", "-o", path)
    assert result.exit_code == 0, result.output
    assert "Written to" in result.stdout and "3 features, 8 rules" in result.stdout
    return path


@pytest.mark.parametrize("form", FORMATS)
def test_the_training_data_has_no_violation(tmp_path: Path, contract: Path, form: str) -> None:
    data = write(tmp_path / f"data.{form}", ROWS, form.split(".")[0])
    result = _run("validate", data, "--contract", contract, *FLAGS)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(f"2,500 rows against {contract} in ")
    assert result.stdout.endswith("\nNo violation\n")


def test_violations_are_listed_with_an_example_each(tmp_path: Path, contract: Path) -> None:
    rows = [dict(row) for row in ROWS]
    rows[3]["age"], rows[4]["age"], rows[9]["country"] = 400, 401, "de"
    result = _run("validate", write(tmp_path / "y.jsonl", rows, "jsonl"), "--contract", contract, *FLAGS)
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert [line.split() for line in lines if line.startswith("  ") and line[2] != " "] == [
        ["feature", "rule", "count", "share"],
        ["age", "range", "2", "0.08%"],
        ["country", "category", "1", "0.04%"],
    ]
    assert (
        "    row 4: expected a whole number from 18 to 89, got 400; if 400 is right, change the maximum"
        in result.stdout
    )
    assert "got the text 'de'; send 'DE'" in result.stdout
    assert lines[-1] == "3 rows (0.12%) with a violation"


def test_rows_that_cannot_be_read_fail_too(tmp_path: Path, contract: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text("not json\n")
    result = _run("validate", path, "--contract", contract)
    assert result.exit_code == 1
    assert "There is no row" in result.stderr and "1 row could not be read: not_json" in result.stderr


def test_the_json_schema_of_an_edited_contract(tmp_path: Path, contract: Path) -> None:
    contract.write_text(contract.read_text().replace("additional_features: true", "additional_features: false"))
    result = _run("contract", contract, "--json-schema", "-o", tmp_path / "schema.json")
    assert result.exit_code == 0, result.output
    schema = json.loads((tmp_path / "schema.json").read_bytes())
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    assert validator.is_valid({"age": 41, "income": None, "country": "DE"})
    assert not validator.is_valid({"age": "41", "income": None, "country": "DE"})
    assert not validator.is_valid({"age": 41, "income": None, "country": "DE", "size": 1})


def test_without_an_output_the_contract_is_printed(tmp_path: Path, contract: Path) -> None:
    result = _run("contract", tmp_path / "p.json")
    assert result.stdout == contract.read_text()


def test_an_edited_contract_is_not_replaced_unasked(tmp_path: Path, contract: Path) -> None:
    contract.write_text("mine")
    result = _run("contract", tmp_path / "p.json", "-o", contract)
    assert result.exit_code == 1 and contract.read_text() == "mine"
    assert f"{contract} is there, and may have been edited; name another file, or --force" in str(result.exception)
    assert _run("contract", tmp_path / "p.json", "-o", contract, "--force").exit_code == 0


#: Commands that can't be, with what is said; CONTRACT and PROFILE stand for files.
ERRORS: dict[str, tuple[list[str], str]] = {
    "a contract is no profile": (["contract", "CONTRACT"], "is a contract already; allowed: a profile, or"),
    "no contract": (["validate", "PROFILE"], "--contract: is required"),
    "a contract that is not there": (
        ["validate", "PROFILE", "--contract", "none"],
        "--contract: can't read none: No",
    ),
    "a profile is no contract": (
        ["validate", "PROFILE", "--contract", "PROFILE"],
        "unknown key 'format'; allowed: con",
    ),
    "an output that can't be": (["contract", "PROFILE", "-o", "/no/such"], "--output: can't write /no/such"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_one_line_for_what_cannot_be(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, contract: Path, name: str
) -> None:
    arguments, said = ERRORS[name]
    files = {"CONTRACT": str(contract), "PROFILE": str(tmp_path / "p.json")}
    assert said in one_line(monkeypatch, capsys, [files.get(each, each) for each in arguments])


def test_a_replay_against_a_contract(tmp_path: Path, contract: Path) -> None:
    rows = [{**row, "prediction": "yes"} for row in ROWS]
    for row in rows[2000::5]:
        row["age"] = "forty"
    path = write(tmp_path / "y.jsonl", rows, "jsonl")
    flags = ["--field", "features=@rest", *FLAGS, "--contract", contract, "--json", tmp_path / "out.json"]
    result = _run("replay", path, *flags)
    assert result.exit_code == 0, result.output
    assert "100 predictions (4.00%) with a violation of the input contract" in result.stdout
    assert "    row 2,001: expected a whole number from 18 to 89, got the text 'forty'; send a whole" in result.stdout
    assert "share of inputs that are invalid up from 0% to 20" in " ".join(result.stdout.split())
    found = json.loads((tmp_path / "out.json").read_bytes())
    (violation,) = found["violations"]
    assert (violation["feature"], violation["rule"], violation["count"]) == ("age", "type", 100)
    assert violation["example"]["received"] == "the text 'forty'"
    assert {"missing:age", "invalid"} <= {one["signal"] for one in found["detections"]}


def test_a_replay_without_violations_says_so(tmp_path: Path, contract: Path) -> None:
    path = write(tmp_path / "y.jsonl", [{**row, "prediction": "yes"} for row in ROWS[:50]], "jsonl")
    result = _run("replay", path, "--field", "features=@rest", *FLAGS, "--contract", contract)
    assert "No prediction breaks the input contract" in result.stdout
