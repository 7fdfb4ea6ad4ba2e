"""``--kafka-option``: types are checked, and secrets never shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from pydantic import SecretStr

from stream_monitor.cli import cli
from stream_monitor.config.settings import RunConfig
from stream_monitor.sources.kafka.kafka_python import ASSIGNORS, CONSUMER_DEFAULTS
from stream_monitor.sources.kafka.options import ALLOWED, OWNED, SECRETS, parse_options, reveal
from tests.cli_runs import one_line

GIVEN = ["--bootstrap-servers", "localhost:9092", "--topic", "inference", "--group-id", "g"]


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("max_poll_records", "500", 500),
        ("security_protocol", "SASL_SSL", "SASL_SSL"),
        ("sasl_mechanism", "SCRAM-SHA-256", "SCRAM-SHA-256"),
        ("api_version", "2.3", (2, 3)),
        ("api_version", "2.3.1", (2, 3, 1)),
        ("check_crcs", "false", False),
        ("check_crcs", "True", True),
        ("receive_buffer_bytes", "65536", 65536),
        ("ssl_cafile", "/etc/ca.pem", "/etc/ca.pem"),
        ("client_id", "me", "me"),
        ("max_poll_records", "1", 1),
        ("fetch_min_bytes", "0", 0),
        ("partition_assignment_strategy", "range, roundrobin", [ASSIGNORS["range"], ASSIGNORS["roundrobin"]]),
    ],
)
def test_types(key: str, text: str, value: Any) -> None:
    assert parse_options({key: text}) == {key: value}


@pytest.mark.parametrize("name", sorted(ASSIGNORS))
def test_assignors_by_name(name: str) -> None:
    assert parse_options({"partition_assignment_strategy": name}) == {
        "partition_assignment_strategy": [ASSIGNORS[name]]
    }


@pytest.mark.parametrize(
    ("key", "text", "allowed"),
    [
        ("max_poll_records", "many", "a whole number"),
        ("max_poll_records", "1.5", "a whole number"),
        ("check_crcs", "1", "true or false"),
        ("api_version", "two", "a version such as 2.3"),
        ("partition_assignment_strategy", "best", ", ".join(ASSIGNORS)),
        ("no_such_setting", "1", "max_poll_records"),
        ("ssl_context", "x", "unknown consumer setting"),
        ("max_poll_records", "0", "a whole number from 1"),
        ("fetch_min_bytes", "-1", "a whole number from 0"),
        ("receive_buffer_bytes", "x", "a whole number from 0"),
        ("check_crcs", "yes", "check_crcs must be true or false"),
        ("api_version", "2", "a version such as 2.3"),
        ("api_version", "1.2.3.4", "a version such as 2.3"),
        ("partition_assignment_strategy", "range,best", f"must be one or more of {', '.join(ASSIGNORS)}"),
        ("security_protocol", "ssl", "must be one of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL"),
    ],
)
def test_wrong_values_name_the_key_and_what_is_allowed(key: str, text: str, allowed: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_options({key: text})
    assert key in str(caught.value)
    assert allowed in str(caught.value)


@pytest.mark.parametrize("key", sorted(OWNED))
def test_what_stream_monitor_sets_itself_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match=f"{key} can't be set here"):
        parse_options({key: "x"})


def test_every_hand_kept_name_is_a_setting_of_the_client() -> None:
    assert {*OWNED, *SECRETS, *ALLOWED} <= set(CONSUMER_DEFAULTS)


def test_every_password_of_the_client_is_a_secret() -> None:
    assert {name for name in CONSUMER_DEFAULTS if "password" in name} == SECRETS


@pytest.mark.parametrize("key", sorted(SECRETS))
def test_a_secret_written_out_is_refused_without_repeating_it(key: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_options({key: "hunter2"})
    assert key in str(caught.value)
    assert "@file:PATH" in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.fixture
def references(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    (tmp_path / "password").write_text("hunter2\n")
    monkeypatch.setenv("BROKER_PASSWORD", "hunter2")
    return [f"@file:{tmp_path / 'password'}", "@env:BROKER_PASSWORD"]


def test_secrets_are_read_from_files_and_the_environment(references: list[str]) -> None:
    for reference in references:
        options = parse_options({"sasl_plain_password": reference})
        assert isinstance(options["sasl_plain_password"], SecretStr)
        assert reveal(options) == {"sasl_plain_password": "hunter2"}
        assert "hunter2" not in repr(options)


def test_a_revalidated_config_keeps_its_secrets(references: list[str]) -> None:
    assert parse_options(parse_options({"ssl_password": references[0]})) == {"ssl_password": SecretStr("hunter2")}


def test_other_settings_may_be_references_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLL", "500")
    assert parse_options({"max_poll_records": "@env:POLL"}) == {"max_poll_records": 500}


def test_a_reference_is_to_a_text_without_its_white_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "name").write_text(" grün\n", encoding="utf-8")
    assert reveal(parse_options({"client_id": f"@file:{tmp_path / 'name'}"})) == {"client_id": "grün"}
    assert parse_options({"check_crcs": "false", "client_id": "x"}) == {"check_crcs": False, "client_id": "x"}
    monkeypatch.delenv("ABSENT", raising=False)
    for reference, message in (
        ("@env:ABSENT", "client_id: the environment variable ABSENT is not set"),
        ("@file:/nowhere", "client_id: can't read /nowhere: FileNotFoundError"),
    ):
        with pytest.raises(ValueError) as caught:
            parse_options({"client_id": reference})
        assert str(caught.value) == message


@pytest.mark.parametrize("reference", ["@env:NOT_SET_ANYWHERE", "@file:/nowhere/at/all", "@file:/"])
def test_a_reference_to_nothing_names_the_key(reference: str) -> None:
    with pytest.raises(ValueError, match="sasl_plain_password: "):
        parse_options({"sasl_plain_password": reference})


@pytest.mark.parametrize(
    "option", ["sasl_plain_password=hunter2", "hunter2", "hunter2=x", "max_poll_records=hunter2"]
)
def test_the_command_line_never_repeats_a_value(
    option: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    line = one_line(monkeypatch, capsys, ["run", *GIVEN, "--kafka-option", option])
    assert line.startswith("Error: --kafka-option: ")
    if "=" in option and not option.startswith("hunter2"):
        assert "hunter2" not in line


def test_the_same_from_the_environment_and_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("kafka_option:\n  sasl_plain_password: hunter2\n")
    assert "hunter2" not in one_line(monkeypatch, capsys, ["run", *GIVEN, "--config", str(path)])
    monkeypatch.setenv("STREAM_MONITOR_KAFKA_OPTION", "sasl_plain_password=hunter2")
    assert "hunter2" not in one_line(monkeypatch, capsys, ["run", *GIVEN])


def test_check_config_shows_no_secret(references: list[str]) -> None:
    for reference in references:
        result = CliRunner().invoke(
            cli, ["check-config", *GIVEN, "--kafka-option", f"sasl_plain_password={reference}"]
        )
        assert result.exit_code == 0, result.output
        assert "sasl_plain_password" in result.output
        assert "hunter2" not in result.output


def test_a_config_shows_no_secret(references: list[str]) -> None:
    config = RunConfig(
        bootstrap_servers=["a:1"],
        topic=["t"],
        group_id="g",
        kafka_option={"sasl_plain_password": references[0]},
    )
    assert "hunter2" not in f"{config!r} {config} {config.model_dump()} {config.model_dump_json()}"
