"""The file that a profile is kept in."""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stream_monitor.core.errors import ConfigError
from stream_monitor.profiles.profile import ColumnProfile, Profile
from stream_monitor.profiles.profiler import content_hash
from stream_monitor.stats.reference import CategoricalReference, NumericReference
from tests.files import write
from tests.unit.profiles.training import (
    FLAGS,
    MAPPED,
    ROWS,
    made,
    profile_of,
    timed_rows,
)


def test_a_profile_survives_its_file(tmp_path: Path) -> None:
    profile = profile_of([*timed_rows(), {"c": "é\n\u2028", "empty": None, "": 1e308, "ts": 1e9 + 1000}])
    profile.write(tmp_path / "p.json")
    assert Profile.read(tmp_path / "p.json").model_dump() == profile.model_dump()
    lines = (tmp_path / "p.json").read_text(encoding="utf-8").split("\n")
    assert sum(line.startswith(' "') for line in lines) == len(profile.features)


def test_the_same_data_gives_the_same_file(tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", ROWS, "csv")
    contents = []
    for _ in range(2):
        made(tmp_path, path, *FLAGS)
        contents.append((tmp_path / "p.json").read_bytes())
    assert contents[0] == contents[1]


def test_the_hash_is_of_all_files_in_order(tmp_path: Path) -> None:
    paths = [write(tmp_path / name, rows, "csv") for name, rows in (("a.csv", ROWS[:9]), ("b.csv", ROWS[9:20]))]
    both = b"".join(path.read_bytes() for path in paths)
    assert made(tmp_path, *paths).hash == content_hash(paths) == hashlib.sha256(both).hexdigest()
    assert content_hash(paths[::-1]) != content_hash(paths)
    assert made(tmp_path, *paths).rows == 20


@pytest.mark.filterwarnings("error")
def test_the_largest_numbers_are_no_damage() -> None:
    state = NumericReference.learn(np.array([-1e308, 0.0, 1e308])).state()
    assert NumericReference.restored(state).state() == state
    with pytest.raises(ValueError, match="values must rise"):
        NumericReference.restored({**state, "values": [1e308, 0.0, -1e308]})


def test_a_profile_can_not_be_changed() -> None:
    profile = profile_of(ROWS)
    with pytest.raises(ValueError, match="frozen"):
        profile.rows = 1  # type: ignore[misc]


def _edit(path: Path, *keys: str | int, value: Any) -> None:
    content = json.loads(path.read_bytes())
    part = content
    for key in keys[:-1]:
        part = part[key]
    part[keys[-1]] = value
    path.write_text(json.dumps(content))


BAD: dict[str, tuple[tuple[str | int, ...], Any, str]] = {
    "another format": (("format",), 2, "has format 2; allowed: 1"),
    "rows as text": (("rows",), "9", "rows: Input should be a valid integer"),
    "no rows": (("rows",), 0, "rows: Input should be greater than or equal to 1"),
    "an unknown key": (("median",), 1, "median: Extra inputs are not permitted"),
    "a share above 1": (("features", "age", "missing_share"), 1.5, "features.age.missing_share"),
    "a time that no series has": (
        ("features", "age", "autocorrelation_time"),
        1e20,
        "features.age.autocorrelation_time: Input should be less than or equal to 1000000",
    ),
    "falling knots": (("features", "age", "numeric", "values"), [3, 2], "features.age.numeric: "),
    "a missing part": (("features", "age", "numeric"), {"count": 1}, "features.age.numeric: must be an object with"),
    "counts that don't add up": (("features", "country", "categorical", "count"), 1, "must add up to count"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_file_that_makes_no_sense(tmp_path: Path, name: str) -> None:
    path = tmp_path / "p.json"
    profile_of(ROWS).write(path)
    keys, value, expected = BAD[name]
    _edit(path, *keys, value=value)
    with pytest.raises(ConfigError) as error:
        Profile.read(path)
    assert expected in str(error.value) and str(path) in str(error.value)
    assert str(error.value).endswith("make one with stream-monitor profile")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "is not JSON"),
        (b"{", "is not JSON"),
        (b"\xff\xfe", "is not JSON"),
        (b"[1]", "is not a profile"),
        (b'{"rows": 1}', "is not a profile"),
        (b'{"format": "1"}', "has format '1'"),
        (b'{"format": 1}', "Field required"),
    ],
)
def test_a_file_that_is_no_profile(tmp_path: Path, content: bytes, expected: str) -> None:
    (tmp_path / "p.json").write_bytes(content)
    with pytest.raises(ConfigError, match=expected):
        Profile.read(tmp_path / "p.json")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    for path in (tmp_path / "no.json", tmp_path):
        with pytest.raises(ConfigError, match=f"--profile: can't read {path}"):
            Profile.read(path)


def test_a_column_is_of_one_type() -> None:
    both = {"numeric": NumericReference.learn(np.ones(1)), "categorical": CategoricalReference.learn(["a"])}
    with pytest.raises(ValueError, match="not both"):
        ColumnProfile(missing_share=0.0, **both)  # type: ignore[arg-type]


def test_what_was_there_stays_until_the_new_one_is_complete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "p.json"
    path.write_text("old")
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(ConfigError, match=r"--output: can't write .*p\.json: No space left"):
        profile_of(ROWS).write(path)
    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["p.json"]


def test_a_profile_of_500_features_is_read_fast(tmp_path: Path) -> None:
    names = [f"f{n}" for n in range(500)]
    rows = [dict(zip(names, row, strict=True)) for row in np.random.default_rng(1).normal(size=(400, 500)).tolist()]
    profile_of(rows).write(tmp_path / "p.json")
    began = time.process_time()
    assert len(Profile.read(tmp_path / "p.json").features) == 500
    assert time.process_time() - began < 0.6  # twice what is allowed, for slow machines


def test_features_that_are_not_those_of_the_data() -> None:
    profile = profile_of(ROWS, fields=MAPPED)
    profile.check_features(["country", "age", "income"])
    with pytest.raises(
        ConfigError, match=r"it does not know 'agee', and the data has no 'age'; is 'agee' its 'age'\?"
    ):
        profile.check_features(["agee", "income", "country"])
    with pytest.raises(ConfigError, match="it does not know 'x0', 'x1', 'x2', 'x3', 'x4' and 5 more"):
        profile.check_features(["age", "income", "country", *(f"x{n}" for n in range(10))])
    with pytest.raises(ConfigError, match=r"the data has no 'age', 'income'$"):
        profile.check_features(["country"])
