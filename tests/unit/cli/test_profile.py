"""The command ``profile``, as it is typed."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from stream_monitor.config.loading import variable
from tests.cli_runs import one_line
from tests.files import write
from tests.unit.profiles.training import (
    AGES,
    COUNTRIES,
    FLAGS,
    MAPPED,
    ROWS,
    made,
    numeric_of,
    run_profile,
)


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("field", "feature_type", "task", "max_features", "format", "config"):
        monkeypatch.delenv(variable(name), raising=False)


def test_the_table(tmp_path: Path) -> None:
    rows = [row | {"income": "" if row["income"] is None else row["income"]} for row in ROWS]
    result = run_profile(write(tmp_path / "x.csv", rows, "csv"), *FLAGS, "-o", tmp_path / "p.json")
    lines = result.stdout.splitlines()
    assert lines[0].startswith("2,500 rows of 3 features in ")
    assert lines[0].endswith("; in order of time, 1 a second")
    cells = [line.split() for line in lines]
    assert ["age", "numeric", "0.0%", "18", str(int(np.median(AGES))), "89"] in cells
    (country,) = [line for line in lines if line.startswith("  country")]
    share = Counter(COUNTRIES)["DE"] / len(COUNTRIES)
    assert f"DE {share:.1%}, FR" in country
    assert any(line.startswith("  (label)") and "no 75.0%, yes 25.0%" in line for line in lines)
    assert lines[-1].startswith(f"Written to {tmp_path / 'p.json'}: ")
    assert result.stderr == ""


def test_many_features_and_long_names_fit_on_the_screen(tmp_path: Path) -> None:
    row = {f"feature with a very long name indeed, number {n}": "a very long category " * 9 for n in range(60)}
    result = run_profile(write(tmp_path / "x.csv", [row, row], "csv"), "-o", tmp_path / "p.json")
    assert "  and 10 more features" in result.stdout
    assert max(map(len, result.stdout.splitlines()[1:-1])) < 150


def test_warnings_are_on_standard_error(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"a": 1}\nnot json\n{"a": "x"}\n[1]\n')
    result = run_profile(path, "-o", tmp_path / "p.json")
    assert result.exit_code == 0
    warnings = result.stderr.splitlines()
    assert len(warnings) == 3 and all(line.startswith("Warning: ") for line in warnings)
    assert "1 row could not be read: not_json" in warnings[0] and "not_object" in warnings[1]


ERRORS: dict[str, tuple[Sequence[str], str]] = {
    "a field that is not there": (["--field", "label=churn"], "no row has a value at 'churn' for label; there are"),
    "a feature that is not there": (["--field", "feature:a=b"], "no row has a value at 'b' for feature:a"),
    "an unknown field": (["--field", "lable=churned"], "--field: unknown field 'lable'; allowed: id, ts"),
    "a type of no feature": (["--feature-type", "agee=numeric"], "--feature-type: no row has a feature 'agee'"),
    "an unknown type": (["--feature-type", "age=number"], "--feature-type: must be 'numeric' or 'categorical'"),
    "text as numbers": (["--feature-type", "country=numeric"], "'country' is to be numeric, but no row"),
    "too many features": (["--max-features", "2"], "--max-features: the data has more than 2 features"),
    "no features allowed": (["--max-features", "0"], "--max-features: must be greater than or equal to 1"),
    "a wrong task": (["--task", "ranking"], "--task: must be 'classification' or 'regression'"),
    "another format": (["--format", "parquet"], "x.csv is not a Parquet file"),
    "an output that is a directory": (["-o", "/tmp"], "--output: /tmp is a directory or a device"),
    "an output that is a device": (["-o", "/dev/null"], "--output: /dev/null is a directory or a device"),
    "an output that can't be": (["-o", "/no/such/p.json"], "--output: can't write into /no/such"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors_are_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    path = write(tmp_path / "x.csv", ROWS[:50], "csv")
    flags, expected = ERRORS[name]
    assert expected in one_line(monkeypatch, capsys, ["profile", str(path), "-o", str(tmp_path / "p.json"), *flags])
    assert not (tmp_path / "p.json").exists()


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("x.csv", b"", "x.csv: there is no row"),
        ("x.jsonl", b"\n\n", "x.jsonl: there is no row"),
        ("x.csv", b"a,b\n", "there is no row"),
        ("x.csv", b"id,label\n1,2\n", "there is no feature"),
        ("x.json", b'[{"a": 1}]', "no row could be read: not_object: a JSON list; allowed: an object"),
        ("x.jsonl", b'{"features": [1, 2]}', "no row could be read: wrong_type: features is a list"),
        ("x.jsonl.gz", b"\x1f\x8bbroken", "can't read"),
        ("x.txt", b"a\n1\n", "--format: can't tell the format of x.txt"),
    ],
)
def test_data_that_gives_no_profile(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    content: bytes,
    expected: str,
) -> None:
    (tmp_path / name).write_bytes(content)
    arguments = ["profile", str(tmp_path / name), "-o", str(tmp_path / "p.json")]
    assert expected in one_line(monkeypatch, capsys, arguments)


def test_the_data_is_never_written_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "x.csv", ROWS[:50], "csv")
    before = path.read_bytes()
    (tmp_path / "link").symlink_to(path)
    for output in (path, tmp_path / "link"):
        assert "is read; name another file" in one_line(
            monkeypatch, capsys, ["profile", str(path), "-o", str(output)]
        )
    assert path.read_bytes() == before


def test_settings_come_from_the_environment_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable("field"), "id=uid ts=at label=churned")
    monkeypatch.setenv(variable("feature_type"), "age=categorical")
    profile = made(tmp_path, write(tmp_path / "x.csv", ROWS[:50], "csv"))
    assert profile.fields == MAPPED and profile.feature_type("age") == "categorical"


def test_rows_of_all_kinds_in_one_run(tmp_path: Path) -> None:
    paths = [write(tmp_path / f"{n}.{form}", ROWS[:40], form) for n, form in enumerate(("csv", "jsonl", "parquet"))]
    profile = made(tmp_path, *itertools.chain(paths), *FLAGS)
    assert profile.rows == 120
    assert numeric_of(profile.features["age"]).count == 120
