"""Flags over environment over file; every wrong value is one line that names where it came from, and exit code 2."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from stream_monitor.cli import cli
from stream_monitor.cli.commands import load_command
from stream_monitor.cli.options import is_multiple
from stream_monitor.config.loading import flag, load_config, variable
from stream_monitor.config.settings import ReplayConfig, RunConfig
from stream_monitor.core.errors import ConfigError
from tests.cli_runs import one_line

REPOSITORY = Path(__file__).parents[3]
NEEDED = {"bootstrap_servers": ["localhost:9092"], "topic": ["inference"], "group_id": "g"}
GIVEN = ["--bootstrap-servers", "localhost:9092", "--topic", "inference", "--group-id", "g"]
#: For each setting: a value that is wrong, and what the error says is allowed.
WRONG: dict[str, tuple[str, str]] = {
    "bootstrap_servers": ("localhost", "HOST:PORT"),
    "topic": ("", "at least 1 item"),
    "label_topic": ("a b/c", "letters"),
    "group_id": ("", "at least 1 character"),
    "start": ("middle", "'earliest' or 'latest'"),
    "kafka_option": ("max_pol_records=5", "max_poll_records"),
    "checkpoint_interval": ("5", "500ms"),
    "state_dir": ("", "directory"),
    "model": ("", "at least 1 character"),
    "version": ("", "at least 1 character"),
    "task": ("ranking", "'classification' or 'regression'"),
    "field": ("idd=a", "id, ts, model"),
    "label_field": ("id", "NAME=VALUE"),
    "max_record_bytes": ("1MB", "64MiB"),
    "max_memory": ("128MB", "64MiB"),
    "decoder": ("jason", "json"),
    "detector": ("adwim", "adwin, "),
    "expected_run_length": ("often", "a duration such as 30d"),
    "dead_letter_topic": ("a topic", "letters"),
    "contract": ("/no/such.yaml", "can't read /no/such.yaml: No such file"),
    "profile": ("/no/such/profile.json", "/no/such/profile.json"),
    "feature_type": ("zip=number", "'numeric' or 'categorical'"),
    "seasonality": ("daily", "none, auto, or a period"),
    "rearm_after": ("5", "500ms"),
    "min_effect": ("-0.1", "greater than or equal to 0"),
    "episode_gap": ("0", "greater than or equal to 1"),
    "warmup": ("1", "0 or at least 2"),
    "performance_window": ("0", "greater than or equal to 1"),
    "performance_decay": ("1", "less than 1"),
    "positive_class": ("", "at least 1 character"),
    "group": ("sex=sex", "NAME=groups.FIELD"),
    "group_intersections": ("perhaps", "boolean"),
    "group_min_count": ("0", "greater than or equal to 1"),
    "positive": ("", "at least 1 character"),
    "champion": ("churn=", "[MODEL=]VERSION"),
    "comparison": ("ab", "'auto', 'split' or 'shadow'"),
    "traffic_split": ("1=95%", "add up to 1"),
    "baseline": ("arima", "'none' or 'trivial'"),
    "baseline_min_skill": ("5.5", "0.05 or 5%"),
    "payoff": ("yes=10", "PREDICTED,TRUE=VALUE"),
    "max_models": ("0", "greater than or equal to 1"),
    "max_versions": ("x", "integer"),
    "max_features": ("-1", "greater than or equal to 1"),
    "label_ttl": ("soon", "500ms"),
    "label_maturity": ("a week", "500ms"),
    "label_updates": ("newest", "'first' or 'last'"),
    "evaluation_dir": ("", "directory"),
    "evaluation_share": ("0", "greater than 0"),
    "evaluation_window": ("1s", "greater than or equal to 60"),
    "evaluation_wait": ("soon", "500ms"),
    "webhook_secret": ("whsec_written", "must not be written out"),
    "webhook": ("hooks.example", "https://HOST"),
    "retrain_topic": ("a b", "must be a name of letters"),
    "notice_topic": ("..", "must be a name of letters"),
    "retrain_on": ("never", "unknown policy"),
    "retrain_cooldown": ("soon", "500ms"),
    "retrain_min_labels": ("-1", "greater than or equal to 0"),
    "retrain_timeout": ("0s", "greater than 0"),
    "evaluation_min_per_class": ("-1", "greater than or equal to 0"),
    "max_labelled": ("0", "greater than or equal to 1"),
    "on_bad_state": ("ignore", "'refuse' or 'reset'"),
    "max_latency": ("11s", "0s to 10s, not 11s"),
    "restore_window": ("1", "500ms"),
    "group_instance_id": ("a b", "letters"),
    "allow_unaligned_labels": ("perhaps", "boolean"),
    "max_waiting": ("0", "greater than or equal to 1"),
    "alert": ("pager", "allowed: log"),
    "listen": ("9464", "HOST:PORT"),
    "max_reject_share": ("5.5", "0.05 or 5%"),
    "audit_log": ("", "file"),
    "promote_file": ("../model.yaml", "inside the repository"),
    "promote_key": ("spec..version", "names with a dot"),
    "promote_branch": ("-f", "letters, digits"),
    "promote_git": ("--upload-pack=x", "address or path"),
    "log_level": ("loud", "'debug', 'info', 'warning' or 'error'"),
    "log_format": ("xml", "'text' or 'json'"),
}
#: These have no value as flags.
SWITCHES = {"allow_unaligned_labels", "group_intersections"}
#: Any text is right for these, an empty one aside, which counts as not given.
FREE = {
    "audit_log",
    "label_topic",
    "topic",
    "state_dir",
    "evaluation_dir",
    "group_id",
    "model",
    "version",
    "positive_class",
    "positive",
} & set(RunConfig.model_fields)


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in RunConfig.model_fields:
        monkeypatch.delenv(variable(name), raising=False)


def _load(
    flags: dict[str, Any] | None = None, environment: dict[str, str] | None = None, file: Path | None = None
) -> RunConfig:
    return load_config(RunConfig, flags or {}, environment or {}, file)


def _file(tmp_path: Path, content: Any) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return path


def test_every_setting_has_its_wrong_value_here() -> None:
    assert set(RunConfig.model_fields) == set(WRONG)


@pytest.mark.parametrize("name", sorted(set(RunConfig.model_fields) - FREE - SWITCHES))
def test_a_wrong_flag(name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    wrong, allowed = WRONG[name]
    for command in ("run", "check-config"):
        line = one_line(monkeypatch, capsys, [command, *GIVEN, flag(name), wrong])
        assert line.startswith(f"Error: {flag(name)}: ")
        assert allowed in line


@pytest.mark.parametrize("name", sorted(set(RunConfig.model_fields) - FREE))
def test_a_wrong_variable(name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    given = [part for key, value in NEEDED.items() if key != name for part in (flag(key), _text(value))]
    monkeypatch.setenv(variable(name), WRONG[name][0])
    line = one_line(monkeypatch, capsys, ["check-config", *given])
    assert line.startswith(f"Error: {variable(name)}: ")
    assert WRONG[name][1] in line


@pytest.mark.parametrize("name", sorted(set(RunConfig.model_fields) - FREE))
def test_a_wrong_key(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _file(tmp_path, NEEDED | {name: WRONG[name][0]})
    line = one_line(monkeypatch, capsys, ["check-config", "--config", str(path)])
    assert line.startswith(f"Error: {path}: {name}: ")
    assert WRONG[name][1] in line


def _text(value: Any) -> str:
    return str(value[0]) if isinstance(value, list) else str(value)


@pytest.mark.parametrize("name", sorted(NEEDED))
def test_what_is_required_names_all_three_ways(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [part for key, value in NEEDED.items() if key != name for part in (flag(key), _text(value))]
    line = one_line(monkeypatch, capsys, ["check-config", *given])
    assert all(way in line for way in (flag(name), variable(name), f"{name} in the file"))


@pytest.mark.parametrize("name", ["group_id", "model", "version"])
def test_an_empty_name(name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert flag(name) in one_line(monkeypatch, capsys, ["check-config", *GIVEN, flag(name), ""])


# Precedence


def test_flags_win_over_the_environment_over_the_file(tmp_path: Path) -> None:
    path = _file(tmp_path, NEEDED | {"warmup": 11, "max_models": 11, "max_versions": 11})
    environment = {"STREAM_MONITOR_WARMUP": "22", "STREAM_MONITOR_MAX_MODELS": "22"}
    config = _load({"warmup": "33"}, environment, path)
    assert (config.warmup, config.max_models, config.max_versions, config.max_features) == (33, 22, 11, 500)


def test_the_same_through_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _file(tmp_path, {**NEEDED, "warmup": 11, "max-models": 11, "group_id": "file"})
    monkeypatch.setenv("STREAM_MONITOR_WARMUP", "22")
    monkeypatch.setenv("STREAM_MONITOR_MAX_MODELS", "22")
    monkeypatch.setenv("STREAM_MONITOR_CONFIG", str(path))
    result = CliRunner().invoke(cli, ["check-config", "--warmup", "33"])
    assert result.exit_code == 0, result.output
    shown = yaml.safe_load(result.stdout)
    assert (shown["warmup"], shown["max_models"], shown["group_id"]) == (33, 22, "file")


def test_lists_replace_each_other_rather_than_add_up(tmp_path: Path) -> None:
    path = _file(tmp_path, NEEDED | {"topic": ["a", "b"]})
    assert _load(file=path).topic == ["a", "b"]
    assert _load(environment={"STREAM_MONITOR_TOPIC": "c d,e"}, file=path).topic == ["c", "d", "e"]
    assert _load({"topic": ("f",)}, {"STREAM_MONITOR_TOPIC": "c"}, path).topic == ["f"]


def test_pairs_from_each_layer(tmp_path: Path) -> None:
    path = _file(tmp_path, NEEDED | {"field": {"id": "uid"}, "kafka_option": {"max_poll_records": 7}})
    config = _load(file=path)
    assert (config.field, config.kafka_option) == ({"id": "uid"}, {"max_poll_records": 7})
    config = _load(environment={"STREAM_MONITOR_FIELD": "id=a ts=b.c"}, file=path)
    assert config.field == {"id": "a", "ts": "b.c"}
    assert _load({"field": ("id=x=y",)}, {}, path).field == {"id": "x=y"}


def test_an_empty_variable_and_an_empty_key_count_as_not_given(tmp_path: Path) -> None:
    path = _file(tmp_path, "bootstrap_servers: [a:1]\ntopic: [t]\ngroup_id: g\nwarmup:\n")
    assert _load(environment={"STREAM_MONITOR_WARMUP": ""}, file=path).warmup == 500


# The file


def test_the_reference_file_loads_and_says_the_defaults() -> None:
    reference = load_config(RunConfig, {}, {}, REPOSITORY / "configs" / "reference.yaml")
    required = {name for name, field in RunConfig.model_fields.items() if field.is_required()}
    given = {name: getattr(reference, name) for name in required}
    assert required == set(NEEDED)
    assert reference == RunConfig(**given)


def test_the_reference_file_has_every_key() -> None:
    content = yaml.safe_load((REPOSITORY / "configs" / "reference.yaml").read_text())
    assert set(content) == set(RunConfig.model_fields)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("warmupp: 5", "unknown key 'warmupp'; did you mean warmup?"),
        ("nonsense: 5", "unknown key 'nonsense'; allowed: "),
        ("- a", "holds a list; allowed: keys with values"),
        ("text", "holds a str"),
        ("a: [", "is not YAML"),
        ("\x00", "is not YAML"),
        ("1: 2", "unknown key '1'"),
    ],
)
def test_a_wrong_file(content: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        _load(file=_file(tmp_path, content))
    assert said in str(caught.value)
    assert str(caught.value).startswith("--config: ")
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_text(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_bytes(b"a: \xff\xfe")
    with pytest.raises(ConfigError, match="--config: "):
        _load(file=path)


def test_a_file_that_is_not_there_or_a_directory(tmp_path: Path) -> None:
    for path in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(ConfigError, match=re.escape(f"--config: can't read {path}")):
            _load(file=path)


def test_an_empty_file_is_fine(tmp_path: Path) -> None:
    assert load_config(ReplayConfig, {}, {}, _file(tmp_path, "# nothing\n")) == ReplayConfig()


# The rest


def test_several_errors_are_one_line() -> None:
    with pytest.raises(ConfigError, match=r"\(and \d more\)"):
        _load({"warmup": "x", "max_models": "y"})


@pytest.mark.parametrize("kind", [RunConfig, ReplayConfig])
def test_every_setting_is_a_flag_with_help(kind: Any) -> None:
    command = {RunConfig: "run", ReplayConfig: "replay"}[kind]
    options = {option.name: option for option in load_command(command).params}
    for name, field in kind.model_fields.items():
        assert options[name].opts == [flag(name)]
        assert options[name].help.startswith(field.description)
        assert options[name].multiple == is_multiple(kind, name)


def test_what_is_repeatable() -> None:
    repeatable = {name for name in RunConfig.model_fields if is_multiple(RunConfig, name)}
    assert repeatable == {
        "alert",
        "bootstrap_servers",
        "topic",
        "label_topic",
        "detector",
        "field",
        "label_field",
        "kafka_option",
        "feature_type",
        "group",
        "champion",
        "traffic_split",
        "retrain_on",
        "webhook",
    }
