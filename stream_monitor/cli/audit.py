"""``stream-monitor audit``: an audit log, shown or verified."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import orjson

from stream_monitor.actions.audit_file import Audited, read
from stream_monitor.core.errors import ConfigError
from stream_monitor.core.formatting import counted, plain

#: Fields of an entry that are not shown: where it is in the file.
_HIDDEN = {"line", "time", "event", "state", "number", "previous"}


@click.command()
@click.argument("action", type=click.Choice(["show", "verify"]))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--event", metavar="EVENT", multiple=True, help="show entries of this event only; repeatable")
def audit(action: str, file: Path, event: tuple[str, ...]) -> None:
    """Show an audit log, or verify that no line of it was changed or cut off.

    FILE is what `run --audit-log` writes. Its head file, FILE.head, has the number of lines and the last hash; who
    changes both is found by a copy of it that is kept elsewhere. The exit code is 1 for a damaged log.
    """
    try:
        found = read(file)
    except OSError as error:
        raise ConfigError(f"FILE: can't read {file}: {error.strerror}") from None
    if action == "show":
        for entry in found.entries:
            if not event or entry["event"] in event:
                click.echo(_line(entry))
    problem = _problem(found)
    if problem:
        click.echo(f"{plain(file)} is damaged: {problem}", err=True)
        sys.exit(1)
    if action == "verify":
        click.echo(f"{plain(file)} is whole: {counted(found.head.lines, 'line')}, the last hash is {found.head.hash}")


def _problem(found: Audited) -> str | None:
    """Return what is wrong with a log, or was when the sidecar opened it."""
    noted = (f"line {each['line']} says: {each['problem']}" for each in found.entries if each["event"] == "damage")
    return found.problem or next(noted, None)


def _line(entry: Mapping[str, Any]) -> str:
    fields = {name: value for name, value in entry.items() if name not in _HIDDEN and value is not None}
    told = " ".join(f"{name}={value if isinstance(value, str) else _json(value)}" for name, value in fields.items())
    return plain(f"{entry['line']} {entry['time']} {entry['event']} {told}".rstrip())


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
