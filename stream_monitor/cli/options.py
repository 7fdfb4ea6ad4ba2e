"""Flags made from settings: one for each field of a config."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

import click

from stream_monitor.config.base import Settings
from stream_monitor.config.loading import PREFIX, flag, load_config

_Config = TypeVar("_Config", bound=Settings)
_Command = TypeVar("_Command", bound=Callable[..., Any])

#: The argument of recorded files.
files_argument = click.argument(
    "files",
    nargs=-1,
    required=True,
    metavar="FILE...",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)


def settings_options(kind: type[Settings], without: Collection[str] = ()) -> Callable[[_Command], _Command]:
    """Return a decorator that adds flags for settings, and ``--config``. The config checks the values.

    Args:
        kind: The settings.
        without: Settings that have no effect on the command, and no flag.
    """

    def decorate(command: _Command) -> _Command:
        config = click.option(
            "--config",
            type=click.Path(path_type=Path),
            metavar="FILE",
            help="YAML file with any of these settings",
        )
        command = config(command)
        for name in reversed(kind.model_fields):
            if name not in without:
                command = _option(kind, name)(command)
        return command

    return decorate


def load(kind: type[_Config], flags: Mapping[str, Any]) -> _Config:
    """Return the configuration out of flags, environment and file."""
    file = flags["config"] or (Path(os.environ[f"{PREFIX}CONFIG"]) if os.environ.get(f"{PREFIX}CONFIG") else None)
    settings = {name: value for name, value in flags.items() if name in kind.model_fields}
    return load_config(kind, settings, os.environ, file)


def _option(kind: type[Settings], name: str) -> Callable[[_Command], _Command]:
    field = kind.model_fields[name]
    extra = field.json_schema_extra
    metavar = str(extra["metavar"]) if isinstance(extra, dict) else "TEXT"
    note = "  [required]" if field.is_required() else ""
    if not field.is_required() and field.default not in (None, [], {}) and field.default is not False:
        note = f"  [default: {_shown(field.default)}]"
    text = f"{field.description}{note}"
    if field.annotation is bool:
        return click.option(flag(name), name, is_flag=True, flag_value="true", default=None, help=text)
    return click.option(flag(name), name, multiple=is_multiple(kind, name), metavar=metavar, help=text)


def is_multiple(kind: type[Settings], name: str) -> bool:
    """Return True when a setting takes several values."""
    annotation = kind.model_fields[name].annotation
    return (get_origin(annotation) or annotation) in (list, dict) or any(
        get_origin(part) in (list, dict) for part in get_args(annotation)
    )


def _shown(default: Any) -> str:
    return ", ".join(map(str, default)) if isinstance(default, list) else str(default)
