"""The manifest of a directory of evaluation sets: what each set has, and every look that was taken at it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import orjson

from stream_monitor.core.errors import ConfigError

MANIFEST = "manifest.json"
_LOCK = ".lock"
_T = TypeVar("_T")
#: The newest one of so many sets is sealed until ``compare --final``; of two or more, one at least.
SEALED = 4


class WrittenSet(NamedTuple):
    """An evaluation set in a manifest.

    Attributes:
        file: The name of its file.
        model: The model.
        start, end: Its window, in seconds since the Unix epoch.
        rows: Number of rows.
        classes: Rows by class, the most frequent first; None for a regression.
        versions: Rows by version.
        coverage: Share of the chosen predictions that have met their label.
        looks: Number of looks that were taken at it.
        is_sealed: Whether only ``compare --final`` looks at it.
    """

    file: str
    model: str
    start: float
    end: float
    rows: int
    classes: Mapping[str, int] | None
    versions: Mapping[str, int]
    coverage: float | None
    looks: int
    is_sealed: bool


def written_sets(manifest: Mapping[str, Any], most: int) -> list[WrittenSet]:
    """Return the newest sets of a manifest, the newest first, at most so many."""
    sets, looks = manifest["sets"], manifest["looks"]
    newest = sets[: -most - 1 : -1]
    sealed: set[str] = set()
    for model in {each["model"] for each in newest}:
        sealed |= sealed_sets([each for each in sets if each["model"] == model], looks)
    return [
        WrittenSet(
            each["file"],
            each["model"],
            each["start"],
            each["end"],
            each["rows"],
            each["classes"],
            each["versions"],
            coverage=each["label_coverage"],
            looks=sum(each["file"] in look["sets"] for look in looks),
            is_sealed=each["file"] in sealed,
        )
        for each in newest
    ]


def sealed_sets(sets: Sequence[Mapping[str, Any]], looks: Sequence[Mapping[str, Any]]) -> set[str]:
    """Return the files of the sets of a model that are sealed: the newest ones, unless they were looked at."""
    newest = sets[-max(len(sets) // SEALED, 1) :] if len(sets) > 1 else []
    seen = {name for look in looks for name in look["sets"]}
    return {each["file"] for each in newest} - seen


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
