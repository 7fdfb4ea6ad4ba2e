"""The profile of training data: what is learned of it, the file, and the command as it is typed."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_monitor.cli import cli
from stream_monitor.config.loading import variable
from stream_monitor.core.errors import ConfigError
from stream_monitor.core.records import FileRecord, TextRow
from stream_monitor.decoding.values import read_cell
from stream_monitor.profiles.column import MAX_COUNTED, SAMPLE, Column, Numbers, split
from stream_monitor.profiles.findings import findings
from stream_monitor.profiles.profile import ColumnProfile, Profile
from stream_monitor.profiles.profiler import Profiler, content_hash
from stream_monitor.profiles.rows import cells
from stream_monitor.signals.columns import feature_columns
from stream_monitor.sources.files import BATCH_SIZE
from stream_monitor.stats.reference import CategoricalReference, NumericReference
from tests.cli_runs import one_line
from tests.unit.sources.test_files import write

RNG = np.random.default_rng(0)
AGES = [float(age) for age in RNG.integers(18, 90, 2500)]
INCOMES = [None if RNG.random() < 0.1 else round(float(RNG.lognormal(10)), 2) for _ in AGES]
COUNTRIES = [str(country) for country in RNG.choice(["DE", "FR", "IT"], len(AGES), p=[0.6, 0.3, 0.1])]
ROWS: list[dict[str, Any]] = [
    {"uid": n, "at": f"2026-01-01T{n // 3600:02}:{n // 60 % 60:02}:{n % 60:02}", "age": a, "income": i, "country": c}
    | {"churned": ("no", "yes")[n % 4 == 0]}
    for n, (a, i, c) in enumerate(zip(AGES, INCOMES, COUNTRIES, strict=True))
]
MAPPED = {"id": "uid", "ts": "at", "label": "churned"}
FLAGS = [part for name, path in MAPPED.items() for part in ("--field", f"{name}={path}")]
FORMATS = ("jsonl", "jsonl.gz", "csv", "csv.zst", "parquet")


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("field", "feature_type", "task", "max_features", "format", "config"):
        monkeypatch.delenv(variable(name), raising=False)


def _profile(rows: Sequence[Mapping[str, Any]], batch: int = 700, **options: Any) -> Profile:
    return _profiler(rows, batch, **options).profile(["x"], "")


def _profiler(rows: Sequence[Mapping[str, Any]], batch: int = 700, **options: Any) -> Profiler:
    profiler = Profiler(options.pop("fields", {}), options.pop("types", {}), **options)
    records = [FileRecord("x", at, row) for at, row in enumerate(rows)]
    for start in range(0, len(records), batch):
        profiler.add(records[start : start + batch])
    return profiler


def _run(*arguments: Any) -> Result:
    return CliRunner().invoke(cli, ["profile", *map(str, arguments)])


def _made(tmp_path: Path, *arguments: Any) -> Profile:
    result = _run(*arguments, "-o", tmp_path / "p.json")
    assert result.exit_code == 0, result.output
    return Profile.read(tmp_path / "p.json")


def _numeric(column: ColumnProfile | None) -> NumericReference:
    assert column and column.numeric
    return column.numeric


def _categorical(column: ColumnProfile | None) -> CategoricalReference:
    assert column and column.categorical
    return column.categorical


# What is learned


@pytest.mark.parametrize("form", FORMATS)
def test_all_formats_give_the_same_profile(tmp_path: Path, form: str) -> None:
    rows = [{k: "" if v is None and form[0] == "c" else v for k, v in row.items()} for row in ROWS]
    path = write(tmp_path / f"x.{form}", rows, form.partition(".")[0])
    profile = _made(tmp_path, path, *FLAGS)
    assert list(profile.features) == ["age", "income", "country"]
    expected = _profile(ROWS, BATCH_SIZE, fields=MAPPED)
    assert profile.model_dump(exclude={"files", "hash"}) == expected.model_dump(exclude={"files", "hash"})
    assert (profile.files, profile.hash) == ([path.name], hashlib.sha256(path.read_bytes()).hexdigest())


def test_numbers_are_those_of_the_column() -> None:
    profile = _profile(ROWS, fields=MAPPED)
    income = np.array([value for value in INCOMES if value is not None])
    reference = _numeric(profile.features["income"])
    assert (reference.count, reference.sampled) == (len(income), len(income))
    assert math.isclose(reference.mean, income.mean()) and math.isclose(reference.std, income.std())
    assert (reference.minimum, reference.maximum) == (income.min(), income.max())
    assert np.allclose(reference.cdf(income), (income <= income[:, None]).mean(axis=1), atol=0.011)
    assert math.isclose(profile.features["income"].missing_share, 1 - len(income) / len(INCOMES))
    assert profile.missing_share("income") == profile.features["income"].missing_share
    assert profile.missing_share("nobody") is None


def test_categories_are_those_of_the_column() -> None:
    profile = _profile(ROWS, fields=MAPPED)
    reference = _categorical(profile.features["country"])
    assert dict(zip(reference.categories, reference.counts, strict=True)) == Counter(COUNTRIES)
    assert reference.is_complete


def test_what_comes_late_was_missing_before() -> None:
    profile = _profile([{"a": 1}, {"a": 2, "b": 3}, {"b": 4}, {"b": None}], batch=1)
    assert [profile.features[name].missing_share for name in "ab"] == [0.5, 0.5]


def test_every_row_is_in_the_profile_however_it_was_cut() -> None:
    rows = [{"x": float(x), "c": f"c{x % 7:.0f}"} for x in RNG.normal(size=3000).round(3)]
    profiles = [_profile(rows, batch) for batch in (1, 999, 3000)]
    for profile in profiles[1:]:
        assert profile.features["c"].model_dump() == profiles[0].features["c"].model_dump()
        ours, theirs = _numeric(profile.features["x"]), _numeric(profiles[0].features["x"])
        assert ours.values.tolist() == theirs.values.tolist()
        assert math.isclose(ours.mean, theirs.mean, abs_tol=1e-12) and math.isclose(ours.std, theirs.std)


def test_more_values_than_the_sample_holds() -> None:
    values = np.concatenate((np.linspace(0, 1, 3 * SAMPLE), [9.0]))
    learned = [Numbers(), Numbers()]
    for numbers, parts in zip(learned, (7, 1000), strict=True):
        for part in np.array_split(values, parts):
            numbers.add(part)
    assert learned[0].sample.tolist() == learned[1].sample.tolist()
    assert len(learned[0].sample) == SAMPLE
    reference = learned[0].reference()
    assert (reference.count, reference.sampled) == (len(values), SAMPLE)
    assert (reference.minimum, reference.maximum, reference.values[-1]) == (0.0, 9.0, 9.0)
    x = np.linspace(0, 1, 200)
    assert np.abs(reference.cdf(x) - x).max() < 0.015  # 2 / sqrt(50,000), and the knots
    assert NumericReference.restored(reference.state()).state() == reference.state()


def test_a_hundred_thousand_categories_stay_bounded() -> None:
    column = Column()
    for start in range(0, 100_000, 1000):
        column.add([f"c{n}" for n in range(start, start + 1000)] + ["often"] * 500 + ["seldom"] * 20)
        assert len(column.categories.counts) <= MAX_COUNTED
    reference = _categorical(column.profile(152_000, False))
    assert reference.categories[:2] == ("often", "seldom") and reference.counts[0] == 50_000
    assert reference.count == 152_000 and not reference.is_complete


def test_the_sample_is_fair() -> None:
    """Of values that rise, as many come from each fifth."""
    numbers = Numbers()
    for part in np.array_split(np.arange(10.0 * SAMPLE), 50):
        numbers.add(part)
    counts = np.histogram(numbers.sample, bins=5, range=(0, 10 * SAMPLE))[0]
    assert np.abs(counts - SAMPLE / 5).max() < 4 * math.sqrt(SAMPLE / 5)


# Types

JSON_VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**400), 10**400), st.floats(), st.text(max_size=3), st.just([1])
)
CELLS = st.one_of(
    st.none(),
    st.floats().map(str),
    st.integers().map(str),
    st.sampled_from(
        ("1_000", "inf", "-Infinity", "NaN", "1e999", "true", "False", "x", "٣", "1.", ".5", "+1e-3", "0x1")
    ),
)


@given(st.lists(JSON_VALUES, max_size=12))
@settings(max_examples=400, deadline=None)
def test_a_column_is_split_as_the_monitor_does(column: list[Any]) -> None:
    found = split(column)
    (theirs,) = feature_columns([{"x": value} for value in column], ["x"]).values()
    assert found.numbers.tolist() == theirs.values[np.isfinite(theirs.values)].tolist()
    assert (len(found.texts), found.other) == (theirs.text, theirs.other)


@given(st.lists(CELLS, min_size=1, max_size=8))
@settings(max_examples=400, deadline=None)
def test_cells_are_read_as_the_codec_does(column: list[str | None]) -> None:
    column = [None if cell is None else cell.strip() or None for cell in column]
    ours = [value for value in cells(column) if value is not None]
    theirs = [value for value in map(read_cell, column) if value is not None]
    assert [(type(value), value) for value in ours] == [(type(value), value) for value in theirs]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, 2.5, None], "numeric"),
        (["a", None, "b"], "categorical"),
        ([True, False], "numeric"),
        ([1, 2, "x"], "numeric"),
        (["x", "y", 1], "categorical"),
        ([1, "x"], "numeric"),
        ([None, float("nan"), float("inf")], None),
        ([[1], {"a": 1}], None),
    ],
)
def test_the_type_is_that_of_most_values(values: list[Any], expected: str | None) -> None:
    profile = _profile([{"x": value} for value in values])
    assert profile.features["x"].type == profile.feature_type("x") == expected


def test_values_of_the_other_type_are_counted_and_told() -> None:
    profiler = _profiler([{"x": 1}, {"x": 2}, {"x": "n/a"}, {"x": [1]}, {"x": None}])
    column = profiler.profile([], "").features["x"]
    assert (column.other, column.missing_share, _numeric(column).count) == (2, 0.2, 2)
    assert findings(profiler) == [
        "'x' is numeric: its 1 value that is text is left out; --feature-type says otherwise",
        "'x' has 1 value that is neither number nor text: left out",
    ]


@pytest.mark.parametrize("batch", [1, 2, 100])
def test_numbers_in_a_column_of_text_are_categories(batch: int) -> None:
    """Also those that came before the first text."""
    values = [7, 7, "a", 7, "b", "a", "a", None]
    profiler = _profiler([{"x": value} for value in values], batch)
    reference = _categorical(profiler.profile([], "").features["x"])
    assert dict(zip(reference.categories, reference.counts, strict=True)) == {"7": 3, "a": 3, "b": 1}
    assert "its 3 numbers are taken as such" in findings(profiler)[0]


def test_a_given_type_holds() -> None:
    rows = [{"zip": 10115, "size": "L"}, {"zip": 10115.0, "size": 3}, {"zip": "A1", "size": 4}]
    profiler = _profiler(rows, types={"zip": "categorical", "size": "numeric"})
    profile = profiler.profile([], "")
    assert dict(
        zip(
            _categorical(profile.features["zip"]).categories,
            _categorical(profile.features["zip"]).counts,
            strict=True,
        )
    ) == {"10115": 2, "A1": 1}
    assert (_numeric(profile.features["size"]).count, profile.features["size"].other) == (2, 1)
    assert findings(profiler) == ["'size' is numeric: its 1 value that is text is left out"]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([{"x": n} for n in range(200)], "rises from row to row"),
        ([{"x": f"id-{n}"} for n in range(2000)], "too many different values to be compared"),
        ([{"x": f"c{n % 150}"} for n in range(9000)], "has 150 categories: the 100 most frequent"),
        ([{"x": "a" if n % 2 else f"c{n}"} for n in range(30_000)], "more than 5,000 categories"),
        ([{"x": None, "y": 2}], "'x' has no value in any row"),
        ([{"x": 1, "id": 3, "model": "golf"}], "not features: id, model"),
        ([{"x": 1, "ts": 3}, {"x": 2, "ts": "soon"}], "1 row has no time"),
        ([{"x": 1, "ts": 3}, {"x": 2, "ts": 2}], "not in order of time"),
    ],
)
def test_what_is_odd_is_told(rows: list[dict[str, Any]], expected: str) -> None:
    profiler = _profiler(rows)
    profiler.profile([], "")
    assert any(expected in line for line in findings(profiler))


def test_what_is_as_it_should_be_is_not_told() -> None:
    profiler = _profiler(ROWS, fields=MAPPED)
    profiler.profile([], "")
    assert findings(profiler) == []


# Fields of an event


def test_events_in_the_native_form() -> None:
    event = {
        "id": "r",
        "ts": 5,
        "model": "m",
        "features": {"a": 1},
        "prediction": "yes",
        "score": {"yes": 0.7, "no": 0.3},
    }
    profiler = Profiler()
    profiler.add([FileRecord("x", at, json.dumps(event | {"ts": at}).encode()) for at in range(4)])
    profile = profiler.profile([], "")
    assert list(profile.features) == ["a"]
    assert _categorical(profile.prediction).categories == ("yes",)
    assert (_numeric(profile.score).mean, profile.label, profile.rate) == (0.7, None, 1.0)


def test_flat_json_has_features_too() -> None:
    profiler = Profiler({"label": "y"})
    profiler.add([FileRecord("x", 0, b'{"a": 1, "b": "x", "y": 1, "c": NaN}')])
    profile = profiler.profile([], "")
    assert list(profile.features) == ["a", "b", "c"]
    assert _categorical(profile.label).categories == ("1",)


def test_features_may_be_deeper_down() -> None:
    profiler = Profiler({"features": "input.values", "label": "output.class"})
    profiler.add([FileRecord("x", 0, b'{"input": {"values": {"a": 1}}, "output": {"class": 1.0}}')])
    assert list(profiler.profile([], "").features) == ["a"]


@pytest.mark.parametrize("text", [False, True])
def test_classes_are_one_however_they_are_spelled(text: bool) -> None:
    values = ["1", "1.0", "0", "yes", None, "nan"] if text else [1, 1.0, 0, "yes", None, float("nan")]
    kind = TextRow if text else dict
    profile = _profile([kind({"a": "1" if text else 1, "label": value}) for value in values])
    reference = _categorical(profile.label)
    assert dict(zip(reference.categories, reference.counts, strict=True)) == {"1": 2, "0": 1, "yes": 1}
    assert profile.label and math.isclose(profile.label.missing_share, 1 / 3)


def test_a_regression_has_moments() -> None:
    rows = [TextRow({"a": "1", "y": "2.5", "p": "3"}), TextRow({"a": "1", "y": "3.5", "p": None})]
    profile = _profile(rows, fields={"label": "y", "prediction": "p"}, task="regression")
    assert (_numeric(profile.label).mean, _numeric(profile.prediction).count) == (3.0, 1)


def test_what_a_signal_is_compared_with() -> None:
    rows = [{**row, "score": 0.5, "prediction": "yes"} for row in ROWS]
    profile = _profile(rows, fields=MAPPED)
    assert profile.reference("feature:age") is profile.features["age"].numeric
    assert profile.reference("feature:country") is profile.features["country"].categorical
    assert profile.reference("score") is _numeric(profile.score)
    assert profile.reference("prediction") is _categorical(profile.prediction)
    gaps = sum(income is None for income in INCOMES)
    missing = profile.reference("missing:income")
    assert isinstance(missing, CategoricalReference)
    assert dict(zip(missing.categories, missing.counts, strict=True)) == {"0": len(ROWS) - gaps, "1": gaps}
    for other in ("spread:age", "error", "feature:nobody", "missing:nobody", "age", ""):
        assert profile.reference(other) is None
        assert profile.autocorrelation_time(other) == 1.0


# Order and dependence


def _series(count: int = 4000, r: float = 0.9) -> list[float]:
    rng = np.random.default_rng(5)
    values = [0.0]
    for step in rng.normal(size=count - 1).tolist():
        values.append(r * values[-1] + step)
    return values


def _timed(count: int = 4000) -> list[dict[str, Any]]:
    noise = np.random.default_rng(6).normal(size=count).tolist()
    pairs = zip(_series(count), noise, strict=True)
    return [{"slow": slow, "noise": each, "ts": 1e9 + at / 4} for at, (slow, each) in enumerate(pairs)]


def test_rows_in_order_of_time_tell_rate_and_dependence() -> None:
    profile = _profile(_timed())
    assert profile.rate and math.isclose(profile.rate, 4.0)
    slow, noise = profile.features["slow"], profile.features["noise"]
    assert slow.autocorrelation and math.isclose(slow.autocorrelation, 0.9, abs_tol=0.02)
    assert math.isclose(profile.autocorrelation_time("feature:slow"), 19, rel_tol=0.25)
    assert noise.autocorrelation_time and math.isclose(noise.autocorrelation_time, 1, abs_tol=0.15)


@pytest.mark.parametrize("change", [{"ts": 0}, {"ts": None}, {"ts": "soon"}])
def test_without_order_neither_is_known(change: dict[str, Any]) -> None:
    rows = _timed()
    rows[2000] |= change
    profile = _profile(rows)
    assert profile.rate is None
    assert profile.features["slow"].autocorrelation is profile.features["slow"].autocorrelation_time is None
    assert profile.autocorrelation_time("feature:slow") == 1.0


def test_the_dependence_is_that_of_the_first_values_of_many() -> None:
    values = np.array(_series(SAMPLE + 5000))
    column = Column()
    for part in np.array_split(values, 40):
        column.add(part.tolist(), is_series=True)
    profile = column.profile(len(values), is_series=True)
    assert profile.autocorrelation_time and math.isclose(profile.autocorrelation_time, 19, rel_tol=0.15)


def test_two_values_depend_on_each_other_as_they_are() -> None:
    switched = np.repeat([0.0, 1.0] * 50, 20).tolist()
    profile = _profile([{"x": x, "ts": at} for at, x in enumerate(switched)])
    assert profile.features["x"].autocorrelation and profile.features["x"].autocorrelation > 0.85


def test_a_constant_has_no_dependence() -> None:
    profile = _profile([{"x": 1, "ts": at} for at in range(500)])
    assert profile.features["x"].autocorrelation_time is None


def test_rows_of_one_moment_have_no_rate() -> None:
    assert _profile([{"x": n, "ts": 7} for n in range(5)]).rate is None


# The file


def test_a_profile_survives_its_file(tmp_path: Path) -> None:
    profile = _profile([*_timed(), {"c": "é\n\u2028", "empty": None, "": 1e308, "ts": 1e9 + 1000}])
    profile.write(tmp_path / "p.json")
    assert Profile.read(tmp_path / "p.json").model_dump() == profile.model_dump()
    lines = (tmp_path / "p.json").read_text(encoding="utf-8").split("\n")
    assert sum(line.startswith(' "') for line in lines) == len(profile.features)


def test_the_same_data_gives_the_same_file(tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", ROWS, "csv")
    contents = []
    for _ in range(2):
        _made(tmp_path, path, *FLAGS)
        contents.append((tmp_path / "p.json").read_bytes())
    assert contents[0] == contents[1]


def test_the_hash_is_of_all_files_in_order(tmp_path: Path) -> None:
    paths = [write(tmp_path / name, rows, "csv") for name, rows in (("a.csv", ROWS[:9]), ("b.csv", ROWS[9:20]))]
    both = b"".join(path.read_bytes() for path in paths)
    assert _made(tmp_path, *paths).hash == content_hash(paths) == hashlib.sha256(both).hexdigest()
    assert content_hash(paths[::-1]) != content_hash(paths)
    assert _made(tmp_path, *paths).rows == 20


@pytest.mark.filterwarnings("error")
def test_the_largest_numbers_are_no_damage() -> None:
    state = NumericReference.learn(np.array([-1e308, 0.0, 1e308])).state()
    assert NumericReference.restored(state).state() == state
    with pytest.raises(ValueError, match="values must rise"):
        NumericReference.restored({**state, "values": [1e308, 0.0, -1e308]})


def test_a_profile_can_not_be_changed() -> None:
    profile = _profile(ROWS)
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
    _profile(ROWS).write(path)
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
        _profile(ROWS).write(path)
    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["p.json"]


def test_a_profile_of_500_features_is_read_fast(tmp_path: Path) -> None:
    names = [f"f{n}" for n in range(500)]
    rows = [dict(zip(names, row, strict=True)) for row in RNG.normal(size=(400, 500)).tolist()]
    _profile(rows).write(tmp_path / "p.json")
    began = time.perf_counter()
    assert len(Profile.read(tmp_path / "p.json").features) == 500
    assert time.perf_counter() - began < 0.6  # twice what is allowed, for machines that are busy


def test_features_that_are_not_those_of_the_data() -> None:
    profile = _profile(ROWS, fields=MAPPED)
    profile.check_features(["country", "age", "income"])
    with pytest.raises(
        ConfigError, match=r"it does not know 'agee', and the data has no 'age'; is 'agee' its 'age'\?"
    ):
        profile.check_features(["agee", "income", "country"])
    with pytest.raises(ConfigError, match="it does not know 'x0', 'x1', 'x2', 'x3', 'x4' and 5 more"):
        profile.check_features(["age", "income", "country", *(f"x{n}" for n in range(10))])
    with pytest.raises(ConfigError, match=r"the data has no 'age', 'income'$"):
        profile.check_features(["country"])


# The command


def test_the_table(tmp_path: Path) -> None:
    rows = [row | {"income": "" if row["income"] is None else row["income"]} for row in ROWS]
    result = _run(write(tmp_path / "x.csv", rows, "csv"), *FLAGS, "-o", tmp_path / "p.json")
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
    result = _run(write(tmp_path / "x.csv", [row, row], "csv"), "-o", tmp_path / "p.json")
    assert "  and 10 more features" in result.stdout
    assert max(map(len, result.stdout.splitlines()[1:-1])) < 150


def test_warnings_are_on_standard_error(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"a": 1}\nnot json\n{"a": "x"}\n[1]\n')
    result = _run(path, "-o", tmp_path / "p.json")
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
    profile = _made(tmp_path, write(tmp_path / "x.csv", ROWS[:50], "csv"))
    assert profile.fields == MAPPED and profile.feature_type("age") == "categorical"


def test_rows_of_all_kinds_in_one_run(tmp_path: Path) -> None:
    paths = [write(tmp_path / f"{n}.{form}", ROWS[:40], form) for n, form in enumerate(("csv", "jsonl", "parquet"))]
    profile = _made(tmp_path, *itertools.chain(paths), *FLAGS)
    assert profile.rows == 120
    assert _numeric(profile.features["age"]).count == 120
