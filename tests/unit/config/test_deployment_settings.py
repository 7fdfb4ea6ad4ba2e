"""Settings of the deployment by Git: what they need, and no password in an address."""

from __future__ import annotations

import pytest

from stream_monitor.config.loading import load_config
from stream_monitor.config.settings import RunConfig
from stream_monitor.core.errors import ConfigError

KAFKA = {"bootstrap_servers": "localhost:9092", "topic": "events", "group_id": "monitor"}
PLACE = {"promote_git": "https://git.example/r.git#live", "promote_file": "m.yaml", "promote_key": "spec.version"}
STATE = {"state_dir": "state", "audit_log": "audit.jsonl"}


def _load(**flags: str) -> RunConfig:
    return load_config(RunConfig, {**KAFKA, **flags}, {}, None)


def test_it_is_off_by_default() -> None:
    assert _load().promote_git is None


def test_a_complete_one_is_taken() -> None:
    assert _load(**PLACE, **STATE).promote_key == "spec.version"


@pytest.mark.parametrize("name", ["promote_file", "promote_key", "state_dir", "audit_log"])
def test_what_is_missing_is_named(name: str) -> None:
    given = {key: value for key, value in (PLACE | STATE).items() if key != name}
    with pytest.raises(ConfigError, match=f"^--promote-git: needs --{name.replace('_', '-')}$"):
        _load(**given)


@pytest.mark.parametrize("name", ["promote_file", "promote_key", "promote_branch"])
def test_a_flag_that_has_no_effect_is_refused(name: str) -> None:
    message = f"^--promote-git: is required: --{name.replace('_', '-')} has no effect without it$"
    with pytest.raises(ConfigError, match=message):
        _load(**{name: "x"})


def test_a_password_in_an_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(ConfigError, match="no password") as error:
        _load(**PLACE | STATE | {"promote_git": "https://bot:hunter2@git.example/r.git"})
    assert "hunter2" not in str(error.value)


def test_a_machine_without_git_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ConfigError, match="no git command"):
        _load(**PLACE, **STATE)
