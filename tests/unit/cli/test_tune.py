"""``stream-monitor tune``, as a command and by its parts."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from stream_monitor.app import offline
from stream_monitor.cli import cli
from stream_monitor.detectors.spec import select
from stream_monitor.monitors.signal import SignalContext, SignalMonitor
from stream_monitor.signals.spread import warmup_of
from stream_monitor.stats.autocorrelation import autocorrelation_time
from stream_monitor.tuning.candidates import Candidate, candidates
from stream_monitor.tuning.recording import Recording, Signal
from stream_monitor.tuning.settings import TuneConfig
from stream_monitor.tuning.surrogate import Surrogates
from stream_monitor.tuning.sweep import SweepContext, sweep
from stream_monitor.tuning.watcher import Watcher, feed_all, run_lengths
from tests.cli_runs import one_line
from tests.streams import column_of

START = 1_760_000_000
#: Few and small, so that a run takes a second or two.
QUICK = ("--horizon", "800", "--warmup", "200")
NOISY = "page_hinkley:threshold=5"


def _write(path: Path, count: int = 4000, step: float = 60.0, constant: bool = False) -> Path:
    """Write a recording of numbers, categories and missing cells, with one shift of a standard deviation."""
    rng = np.random.default_rng(7)
    age = rng.normal(40, 10, count) + np.where(np.arange(count) < 0.75 * count, 0.0, 10.0)
    income = rng.lognormal(3, 1, count)
    country = rng.choice(["DE", "FR", "PL"], count, p=[0.6, 0.3, 0.1])
    gone = rng.random(count) < 0.1
    score = rng.beta(2, 3, count)
    truth = rng.random(count) < score
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "ts", "prediction", "score", "label", "age", "income", "country"])
        for n in range(count):
            cells = [n, START + step * n, int(score[n] > 0.5), score[n], int(truth[n])]
            rows.writerow([*cells, age[n], "" if gone[n] else income[n], country[n]])
    return path


def _run(*arguments: Any) -> Result:
    return CliRunner().invoke(cli, ["tune", *map(str, arguments)])


def _tune(tmp_path: Path, *arguments: Any) -> tuple[str, dict[str, Any]]:
    result = _run(*arguments, "--json", tmp_path / "out.json")
    assert result.exit_code in (0, 1), result.output
    found: dict[str, Any] = json.loads((tmp_path / "out.json").read_bytes())
    # The exit code says whether a candidate fits, as the JSON does.
    assert result.exit_code == (found["recommended"] is None)
    return result.output, found


def _recording(path: Path, *, warmup: int = 200, detector: tuple[str, ...] = ()) -> tuple[TuneConfig, Recording]:
    config = TuneConfig(warmup=warmup, detector=list(detector))
    return config, offline.record(config, [path], lambda _: None)


def test_a_noisy_candidate_is_not_recommended(tmp_path: Path) -> None:
    path = _write(tmp_path / "x.csv")
    text, found = _tune(tmp_path, path, *QUICK, "--detector", NOISY, "--detector", "glr")
    noisy, *quiet = found["candidates"]
    assert noisy["detector"] == NOISY
    assert (noisy["fits"], noisy["rules"]) == (False, ["over"])
    assert noisy["surrogate"]["alarms"] > 20
    # It would hear of everything at once: only the rule keeps it out.
    assert noisy["typical_delay"] < min(each["typical_delay"] for each in quiet)
    assert found["recommended"]["candidate"] != 0
    assert found["recommended"]["flags"].startswith("--detector glr --expected-run-length ")
    assert f"\n  {found['recommended']['flags']}\n" in text


def test_the_flags_recommended_give_in_replay_what_tune_says(tmp_path: Path) -> None:
    path = _write(tmp_path / "x.csv")
    _, found = _tune(tmp_path, path, *QUICK, "--detector", "glr", "--try-run-length", "10000")
    for candidate in found["candidates"]:
        out = tmp_path / "replay.json"
        flags = candidate["flags"].split()
        assert CliRunner().invoke(cli, ["replay", str(path), *flags, "--json", str(out)]).exit_code == 0
        raised = json.loads(out.read_bytes())["detections"]
        assert _where(raised) == _where(candidate["recorded"]["detections"])
        assert "feature:age" in {signal for _, signal in _where(raised)}


def _where(detections: list[dict[str, Any]]) -> list[tuple[int, str]]:
    return sorted((one["index"], one["signal"]) for one in detections)


def test_alarms_are_those_of_the_signal_monitor_on_the_whole_column(tmp_path: Path) -> None:
    """They are equal for each signal, fed at once or in the sweep's pieces."""
    config, recording = _recording(_write(tmp_path / "x.csv", 9000))
    for candidate in candidates(config, recording):
        lengths = run_lengths(recording, candidate)
        for signal in recording.signals:
            whole = SignalMonitor(
                recording.key,
                signal.name,
                signal.kind,
                select([candidate.spec], signal.name),
                SignalContext(warmup_of(signal.name, candidate.warmup), season=candidate.season, min_effect=0.1),
                lengths[signal.name],
                categories=signal.categories(),
            ).update(signal.fed)
            watcher = Watcher(recording, signal, candidate, lengths[signal.name], None)
            assert feed_all([watcher], signal.column) == [[one for one in whole if not one.is_small]]


def test_a_watcher_goes_on_from_its_state(tmp_path: Path) -> None:
    config, recording = _recording(_write(tmp_path / "x.csv", 4000))
    for candidate in (candidates(config, recording)[0], _candidate("adwin:delta=0.002")):
        for signal in recording.signals:
            watchers = [Watcher(recording, signal, candidate, 1e4, None) for _ in range(3)]
            column = signal.column
            first, rest = column.until(1501), column.cut(1501)
            whole = watchers[0].feed(column)
            parts = watchers[1].feed(first)
            resumed = watchers[2].resume(watchers[1].saved()).feed(rest)
            assert parts + [alarm._replace(row=alarm.row + 1501) for alarm in resumed] == whole
            # Each alarm is at the row of the prediction that raises it.
            assert [int(column.index[alarm.row]) for alarm in whole] == [one.detection.index for one in whole]


def _candidate(detector: str, seasonality: str = "none") -> Candidate:
    return candidates(
        TuneConfig(detector=[detector], warmup=200, try_seasonality=[seasonality]),
        Recording(("m", "1"), 1, 0, (), (Signal("score", "number", None),), None),  # type: ignore[arg-type]
    )[0]


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    path = _write(tmp_path / "x.csv")
    arguments = (path, *QUICK, "--detector", "adwin:delta=0.05", "--sample-features", "2")
    runs = [
        _run(*arguments, "--json", tmp_path / f"{n}.json", *rest) for n, rest in enumerate(((), (), ("--seed", 2)))
    ]
    # Nothing fits: the detector promises no run length, and one surrogate of 4,000 events cannot show it.
    assert [run.exit_code for run in runs] == [1, 1, 1]
    first, second, other = ((tmp_path / f"{n}.json").read_bytes() for n in range(3))
    assert (first, runs[0].output) == (second, runs[1].output)
    assert first != other


def test_seasonality_is_tried_where_times_span_three_periods(tmp_path: Path) -> None:
    config, recording = _recording(_write(tmp_path / "x.csv", 4400, step=60.0))
    assert {each.seasonality for each in candidates(config, recording)} == {"none", "24h"}
    config, recording = _recording(_write(tmp_path / "y.csv", 4300, step=60.0))
    assert {each.seasonality for each in candidates(config, recording)} == {"none"}


def test_a_run_length_in_time_is_turned_into_events(tmp_path: Path) -> None:
    path = _write(tmp_path / "x.csv", step=60.0)
    _, found = _tune(tmp_path, path, *QUICK, "--detector", "adwin", "--expected-run-length", "7d")
    assert found["wanted_run_length"] == pytest.approx(7 * 1440, rel=1e-3)
    (wanted,) = [each for each in found["candidates"] if "--expected-run-length 604800s" in each["flags"]]
    assert wanted["run_length"] == found["wanted_run_length"]


def test_what_is_left_out_is_said(tmp_path: Path) -> None:
    path = _write(tmp_path / "x.csv", 6000)
    text, found = _tune(
        tmp_path, path, *QUICK, "--detector", "adwin:delta=0.02", "--max-events", 4001, "--sample-features", "1"
    )
    assert found["events"] == 4001
    assert max(signal["values"] for signal in found["signals"].values()) == 4001
    features = {name.partition(":")[2] for name in found["signals"] if ":" in name}
    assert len(features) == 1
    assert "only the first 4,001 predictions were read" in " ".join(text.split())
    assert f"1 of 3 features were drawn: {features.pop()}" in " ".join(text.split())


def test_a_season_is_kept_and_needs_the_flag(tmp_path: Path) -> None:
    """Without seasonality, a daily cycle raises an alarm a day, in the surrogate as in the recording."""
    rng = np.random.default_rng(2)
    with (tmp_path / "x.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "ts", "prediction", "load"])
        for n in range(12_000):
            rows.writerow([n, START + 60 * n, "yes", rng.normal() + 2.0 * np.sin(2 * np.pi * n / 1440)])
    _, found = _tune(
        tmp_path, tmp_path / "x.csv", *QUICK, "--detector", "feature:load=glr", "--try-run-length", 10_000
    )
    without = [each for each in found["candidates"] if each["seasonality"] == "none"]
    with_season = [each for each in found["candidates"] if each["seasonality"] == "24h"]
    assert min(each["surrogate"]["alarms"] for each in without) > 5
    # One false alarm is due in 10,000 values.
    assert max(each["surrogate"]["alarms"] for each in with_season) <= 3
    assert "--seasonality 24h" in found["recommended"]["flags"]


def test_a_daily_cycle_of_a_binary_prediction_is_kept(tmp_path: Path) -> None:
    """A surrogate without the cycle would have false alarms with the season taken out, and none without."""
    rng = np.random.default_rng(3)
    ts = START + 86.4 * np.arange(16_000)
    share = 0.3 + 0.25 * np.sin(2 * np.pi * ts / 86_400)
    predictions = (rng.random(16_000) < share).astype(int)
    labels = np.where(rng.random(16_000) < 0.15 + 0.3 * (share - 0.3), 1 - predictions, predictions)
    with (tmp_path / "x.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "ts", "prediction", "label"])
        rows.writerows(zip(range(16_000), ts.tolist(), predictions.tolist(), labels.tolist(), strict=True))
    detectors = ("--detector", "page_hinkley", "--detector", "glr", "--try-run-length", "1000000")
    text, found = _tune(tmp_path, tmp_path / "x.csv", *detectors)
    deaf, seasonless, deaf_with_season, fitting = found["candidates"]
    assert seasonless["surrogate"]["alarms"] >= 5 and "over" in seasonless["rules"]
    assert fitting["surrogate"]["alarms"] <= 1
    assert found["recommended"]["flags"] == fitting["flags"]
    for each in (deaf, deaf_with_season):
        assert each["rules"] == ["missed"] and max(each["missed_of_one_deviation"].values()) > 0.05
    assert "\nx page_hinkley" in text and "x misses more than 5% of the changes of 1 sd" in text
    # Alone, what finds nothing is not recommended either.
    text, found = _tune(tmp_path, tmp_path / "x.csv", *detectors[:2], *detectors[4:], "--try-seasonality", "24h")
    assert found["recommended"] is None and found["why"].startswith("No candidate fits, so none is recommended")
    assert "Recommended:" not in text
    assert "--seasonality 24h: misses " in " ".join(text.split())


def test_times_that_fall_are_told(tmp_path: Path) -> None:
    path = _write(tmp_path / "x.csv", step=-60.0)
    text, found = _tune(tmp_path, path, *QUICK, "--detector", "adwin:delta=0.02")
    assert "3,999 predictions came with an earlier time than the one before: sort the rows" in " ".join(text.split())
    assert any("sort the rows by time" in warning for warning in found["warnings"])


def test_a_share_that_never_changes_has_no_change_of_a_deviation(tmp_path: Path) -> None:
    """Its column is empty: nothing was injected, so nothing was missed."""
    with (tmp_path / "x.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "prediction", "x"])
        rng = np.random.default_rng(1)
        rows.writerows([n, "yes", rng.normal()] for n in range(3000))
    text, found = _tune(tmp_path, tmp_path / "x.csv", *QUICK, "--detector", "glr", "--try-run-length", "1000000")
    (one,) = found["candidates"]
    assert one["missed_of_one_deviation"] == {"level": 0.0}
    shares = text[text.index("missing, error, pts") :].splitlines()[2].split()
    assert "-" not in shares


def test_errors_of_rare_classes_are_named_as_left_out(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    labels = rng.choice(["a", "b", "rare"], 4000, p=[0.6, 0.35, 0.05])
    with (tmp_path / "x.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "prediction", "label"])
        rows.writerows([n, "a" if rng.random() < 0.2 else label, label] for n, label in enumerate(labels))
    text, found = _tune(tmp_path, tmp_path / "x.csv", *QUICK, "--detector", "glr", "--try-run-length", "1000000")
    assert found["left_out"] == ["error:rare"]
    assert "the errors of rare classes were not tried: error:rare; run and replay watch them" in " ".join(
        text.split()
    )


def test_the_sweep_hears_larger_changes_sooner(tmp_path: Path) -> None:
    config, recording = _recording(_write(tmp_path / "x.csv", 6000), detector=("glr",))
    result = sweep(recording, candidates(config, recording)[:1], SweepContext(horizon=1000))
    delays = {(change.kind, change.size): np.median(each) for change, each in result.tallies[0].delays.items()}
    assert delays["level", 2.0] < delays["level", 1.0] < delays["level", 0.5] < delays["level", 0.25]
    assert delays["spread", 2.0] < delays["spread", 1.5]
    assert delays["share", 0.2] < delays["share", 0.05]
    assert delays["category", 0.2] < delays["category", 0.1]


def test_what_can_not_change_is_not_missed_but_what_nobody_watches_is(tmp_path: Path) -> None:
    """A constant cannot change; a detector on one signal does not see the others."""
    with (tmp_path / "x.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "prediction", "fixed", "free"])
        rng = np.random.default_rng(1)
        rows.writerows([n, "yes", 3.0, rng.normal()] for n in range(3000))
    _, found = _tune(tmp_path, tmp_path / "x.csv", *QUICK, "--detector", "glr", "--detector", "feature:free=glr")
    both, one = (
        next(each for each in found["candidates"] if each["detector"] == d) for d in ("glr", "feature:free=glr")
    )
    largest = {(each["kind"], each["size"]): each for each in both["delays"]}
    assert (largest["level", 2.0]["count"], largest["level", 2.0]["missed"]) == (6, 0.0)
    missed = {each["kind"]: each["missed"] for each in one["delays"] if each["size"] in (2.0, 0.2)}
    assert missed == {"level": 0.0, "spread": 1.0, "share": 1.0, "category": 1.0}


def test_blocks_follow_the_dependence(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    series = np.zeros(8000)
    for at, step in enumerate(rng.normal(size=7999), start=1):
        series[at] = 0.9 * series[at - 1] + step
    made = Surrogates(column_of(series), "number")
    drawn = made.draw(rng).values
    assert made.block > 40
    assert autocorrelation_time(drawn) == pytest.approx(autocorrelation_time(series), rel=0.35)
    assert Surrogates(column_of(rng.normal(size=8000)), "number").block == 1.0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--detector", "glrr"), "unknown detector 'glrr'"),
        (("--detector", "feature:weight=glr"), "no signal 'feature:weight' in the recording; there are error, "),
        (("--try-run-length", "12"), "--try-run-length: must be 1000 to 1e+12 events"),
        (("--try-seasonality", "often"), "--try-seasonality: must be none, auto, or a period"),
        (("--try-warmup", "1"), "--try-warmup: must be 0 or at least 2"),
        (("--surrogates", "0"), "--surrogates: must be greater than or equal to 1"),
        (("--warmup", "5000"), "the recording has 4,000 predictions; with a warm-up of 5,000"),
    ],
)
def test_bad_input_is_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    said: str,
) -> None:
    path = _write(tmp_path / "x.csv")
    assert said in one_line(monkeypatch, capsys, ["tune", str(path), *arguments])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "no prediction could be read: there is no record"),
        ("id,ts,prediction\n", "no prediction could be read: there is no record"),
        ("a,b\n1,2\n3,4\n", "no prediction could be read: 2 records were rejected (missing_prediction); --field"),
    ],
)
def test_a_file_without_predictions_is_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    content: str,
    said: str,
) -> None:
    (tmp_path / "x.csv").write_text(content)
    assert said in one_line(monkeypatch, capsys, ["tune", str(tmp_path / "x.csv")])


def test_a_file_that_is_written_is_not_one_that_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _write(tmp_path / "x.csv")
    before = path.read_bytes()
    said = one_line(monkeypatch, capsys, ["tune", str(path), "--json", str(path)])
    assert said.startswith("Error: --json: ")
    assert path.read_bytes() == before


def test_what_can_not_be_read_is_counted(tmp_path: Path) -> None:
    path = _write(tmp_path / "x.csv")
    with path.open("a") as file:
        file.write("1,2,3,4,5,6,7,8,9,10\n")
    text, _ = _tune(tmp_path, path, *QUICK, "--detector", "adwin:delta=0.02")
    assert "1 record was rejected (not_json)" in " ".join(text.split())


def test_a_flag_of_evaluation_sets_is_refused(tmp_path: Path) -> None:
    (tmp_path / "p.jsonl").write_text("{}\n")
    result = CliRunner().invoke(cli, ["tune", str(tmp_path / "p.jsonl"), "--evaluation-dir", str(tmp_path)])
    assert (result.exit_code, "No such option" in result.output) == (2, True)
