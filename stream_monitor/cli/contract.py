"""``stream-monitor contract``: the input contract that training data keeps, to be edited."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import orjson

from stream_monitor.cli.outputs import write
from stream_monitor.contract.derivation import derive
from stream_monitor.contract.input_contract import InputContract
from stream_monitor.contract.writing import to_yaml
from stream_monitor.core.errors import ConfigError
from stream_monitor.core.formatting import counted
from stream_monitor.profiles.profile import Profile


@click.command()
@click.argument("file", metavar="PROFILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "-o", "--output", metavar="OUT", type=click.Path(path_type=Path), help="write to this file; without it, print"
)
@click.option(
    "--json-schema", "is_schema", is_flag=True, help="write JSON Schema (draft 2020-12) for other software, not YAML"
)
@click.option("--force", is_flag=True, help="replace the output file, and what was edited in it")
def contract(file: Path, output: Path | None, is_schema: bool, force: bool) -> None:
    """Derive what a model's inputs must look like from the profile of its training data.

    PROFILE is what `stream-monitor profile` has written; with --json-schema also a contract that was edited. The
    contract is for `validate`, `run --contract`, `replay --contract` and, in Python, `InputContract.load`.
    """
    found, profile = _read(file)
    if is_schema:
        name = f"features of {file.stem}"
        text = orjson.dumps(found.json_schema(name), option=orjson.OPT_INDENT_2).decode() + "\n"
    elif profile is None:
        raise ConfigError(f"{file} is a contract already; allowed: a profile, or a contract with --json-schema")
    else:
        text = to_yaml(found, profile)
    if output is None:
        click.echo(text, nl=False)
        return
    if output.exists() and not force:
        raise ConfigError(f"--output: {output} is there, and may have been edited; name another file, or --force")
    write("--output", output, text.encode())
    click.echo(f"Written to {output}: {counted(len(found.features), 'feature')}, {counted(len(found.rules), 'rule')}")
    if not is_schema:
        click.echo(f"Read it, edit it, then try it: stream-monitor validate FILE --contract {output}")


def _read(path: Path) -> tuple[InputContract, Profile | None]:
    """Return the contract in a file, or of the profile in it, and that profile."""
    try:
        content: Any = orjson.loads(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"can't read {path}: {error.strerror}") from None
    except orjson.JSONDecodeError:
        return InputContract.load(path), None
    if isinstance(content, dict) and "contract" in content:
        return InputContract.load(path), None
    try:
        profile = Profile.read(path)
    except ConfigError as error:
        raise ConfigError(str(error).removeprefix("--profile: ")) from None
    return derive(profile), profile
