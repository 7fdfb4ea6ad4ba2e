"""The commands as a group, and check-config."""

from __future__ import annotations

import pkgutil
import subprocess
import sys
from importlib import import_module

import click
import pytest
import yaml
from click.testing import CliRunner

from stream_monitor import __version__
from stream_monitor import cli as cli_package
from stream_monitor.cli import cli
from stream_monitor.cli.commands import COMMANDS, load_command
from stream_monitor.config.settings import RunConfig


def test_check_config_prints_a_file_that_run_would_take(tmp_path_factory: pytest.TempPathFactory) -> None:
    given = [
        "--bootstrap-servers",
        "h:1",
        "--topic",
        "t",
        "--group-id",
        "g",
        "--field",
        "id=uid",
        "--detector",
        "adwin",
    ]
    result = CliRunner().invoke(cli, ["check-config", *given])
    assert result.exit_code == 0, result.output
    assert "The configuration is valid." in result.stderr
    assert set(yaml.safe_load(result.stdout)) == set(RunConfig.model_fields)


def test_the_version_and_the_help() -> None:
    assert __version__ in CliRunner().invoke(cli, ["--version"]).stdout
    for command in (None, *COMMANDS):
        result = CliRunner().invoke(cli, [*([command] if command else []), "-h"])
        assert result.exit_code == 0
        assert "Usage:" in result.stdout


def test_the_commands_and_their_short_helps() -> None:
    assert set(COMMANDS) == {
        "audit",
        "run",
        "replay",
        "demo",
        "detectors",
        "check-config",
        "profile",
        "tune",
        "contract",
        "compare",
        "validate",
    }
    assert list(COMMANDS) == sorted(COMMANDS)
    for name, short_help in COMMANDS.items():
        command = load_command(name)
        assert (command.name, command.get_short_help_str(limit=1000)) == (name, short_help)


def test_every_command_of_the_package_is_listed() -> None:
    names = [module.name for module in pkgutil.iter_modules(cli_package.__path__)]
    found = {name: getattr(import_module(f"stream_monitor.cli.{name}"), name, None) for name in names}
    commands = {name.replace("_", "-") for name, value in found.items() if isinstance(value, click.Command)}
    assert commands == set(COMMANDS)


def test_an_unknown_command() -> None:
    result = CliRunner().invoke(cli, ["watch"])
    assert result.exit_code == 2
    assert "No such command 'watch'" in result.stderr


def test_the_help_of_the_group_loads_no_command() -> None:
    code = (
        "import sys\nfrom stream_monitor.cli import cli\ncli(['--help'], standalone_mode=False)\nprint(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    loaded = done.stdout.splitlines()[-1].split()
    assert not {"pydantic", "numpy", "yaml", "kafka", "stream_monitor.cli.run"} & set(loaded)


def test_the_sidecar_loads_no_scipy() -> None:
    """It would cost a quarter of a second at the start, and some 20 MB."""
    code = "import sys\nimport stream_monitor.app.sidecar\nprint('scipy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "False\n"


def test_as_a_module_it_is_the_same_program() -> None:
    command = [sys.executable, "-m", "stream_monitor", "run", "--start", "middle"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1
