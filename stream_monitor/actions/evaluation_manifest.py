"""The manifest of a directory of evaluation sets: what each set has, and every look that was taken at it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import orjson

from stream_monitor.core.errors import ConfigError

MANIFEST = "manifest.json"
_LOCK = ".lock"
_T = TypeVar("_T")


def read_manifest(directory: Path) -> dict[str, Any]:
    """Return the manifest of a directory; that of an empty one where there is none.

    Raises:
        ConfigError: It is there, and is no manifest.
        OSError: It can't be read.
    """
    path = directory / MANIFEST
    try:
        found = orjson.loads(path.read_bytes())
    except FileNotFoundError:
        return {"sets": [], "looks": []}
    except orjson.JSONDecodeError as error:
        raise ConfigError(f"{path}: is not JSON ({error}); allowed: the manifest of evaluation sets") from None
    if not isinstance(found, dict) or not {"sets", "looks"} <= found.keys():
        raise ConfigError(f"{path}: has no sets and looks; allowed: the manifest of evaluation sets")
    return found


def change_manifest(directory: Path, change: Callable[[dict[str, Any]], _T]) -> _T:
    """Change the manifest of a directory, as one atomic step among processes; return what ``change`` returns.

    Raises:
        ConfigError: The file is there, and is no manifest.
        OSError: The directory can't be written.
    """
    with _locked(directory):
        manifest = read_manifest(directory)
        result = change(manifest)
        write_whole(directory / MANIFEST, orjson.dumps(manifest, option=orjson.OPT_INDENT_2) + b"\n")
        return result


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that appears whole or not at all, and stays as it was when this fails.

    Raises:
        OSError: It can't be written.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    with (directory / _LOCK).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
