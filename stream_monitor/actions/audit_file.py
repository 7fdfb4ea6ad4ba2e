"""The file of an audit log: lines of JSON, each with the hash of the line before it.

Beside it, a head file has the number of lines and the last hash, so that a file which was cut at its end is found.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import orjson

#: The hash before the first line.
FIRST = "0" * 64


class Head(NamedTuple):
    """The number of lines, and the hash of the last of them."""

    lines: int
    hash: str


class Audited(NamedTuple):
    """The entries of an audit file, as far as they are whole.

    Attributes:
        entries: The entries up to the first problem.
        head: Their number and the hash of the last of them.
        size: Their bytes.
        problem: What is wrong with the file; None if it is whole.
    """

    entries: Sequence[Mapping[str, Any]]
    head: Head
    size: int
    problem: str | None


class AuditFile:
    """Appends entries to a file, which is written through to the disk.

    Args:
        path: The file; it is made if it does not exist.

    Attributes:
        found: What was in the file when it was opened.
        head: The number of lines and the last hash.

    Raises:
        OSError: The file can't be used.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        self.found = read(path)
        raw = path.read_bytes()
        # Behind a line that was changed the chain goes on; a line that was torn by a kill is written again.
        self._size = raw.rfind(b"\n") + 1
        self.head = self.found.head if self.found.size == self._size else _last(raw[: self._size])

    def append(self, entries: Sequence[Mapping[str, Any]]) -> None:
        """Append entries; after an error the next call writes over what this one has left.

        Raises:
            OSError: They can't be written.
        """
        head, lines = self.head, []
        for entry in entries:
            line, digest = _sealed({"line": head.lines + 1, **entry, "previous": head.hash})
            head = Head(head.lines + 1, digest)
            lines.append(line)
        content = b"".join(lines)
        with self._path.open("r+b") as file:
            file.truncate(self._size)
            file.seek(self._size)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        self._size, self.head = self._size + len(content), head
        self._write_head()

    def _write_head(self) -> None:
        path = head_path(self._path)
        new = path.with_name(f"{path.name}.new")
        new.write_bytes(orjson.dumps(self.head._asdict()) + b"\n")
        new.replace(path)


def head_path(path: Path) -> Path:
    """Return the path of the head file of an audit file."""
    return path.with_name(f"{path.name}.head")


def read(path: Path, known: Head | None = None) -> Audited:
    """Read and verify an audit file.

    Args:
        path: The file.
        known: A head that it has had, beside that in its head file.

    Raises:
        OSError: It can't be read.
    """
    raw = path.read_bytes()
    entries, hashes, size, problem = _entries(raw)
    for head in (_read_head(path), known):
        problem = problem or _cut(hashes, head)
    if problem is None and raw and not head_path(path).exists():
        problem = f"{head_path(path).name} is missing"
    return Audited(entries, Head(len(hashes) - 1, hashes[-1]), size, problem)


def find_hash(path: Path, fields: Mapping[str, Any]) -> str | None:
    """Return the hash of the newest line that has these fields, None if there is none.

    Raises:
        OSError: The file can't be read.
    """
    for line in reversed([*_lines(path.read_bytes())]):
        entry = _parsed(line)
        if entry is not None and fields.items() <= {name: entry.get(name) for name in fields}.items():
            return _sealed(entry)[1]
    return None


def _entries(raw: bytes) -> tuple[list[Mapping[str, Any]], list[str], int, str | None]:
    """Return the entries up to the first problem, the hash before each and of the last, their bytes, the problem."""
    entries: list[Mapping[str, Any]] = []
    hashes, size = [FIRST], 0
    for number, line in enumerate(_lines(raw), 1):
        entry = _parsed(line)
        if entry is None or _sealed(entry)[0] != line:
            return entries, hashes, size, f"line {number} was changed"
        if entry.get("line") != number or entry.get("previous") != hashes[-1]:
            return entries, hashes, size, f"lines are missing, or were changed, before line {number}"
        entries.append(entry)
        hashes.append(_sealed(entry)[1])
        size += len(line)
    return entries, hashes, size, None


def _lines(raw: bytes) -> Iterator[bytes]:
    """Yield the complete lines; one without an end was torn by a kill, and its entry is written again."""
    yield from (line for line in raw.splitlines(keepends=True) if line.endswith(b"\n"))


def _parsed(line: bytes) -> dict[str, Any] | None:
    """Return the entry of a line, without its hash, None if it is none."""
    try:
        entry = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(entry, dict):
        return None
    entry.pop("hash", None)
    return entry


def _sealed(entry: Mapping[str, Any]) -> tuple[bytes, str]:
    """Return the line of an entry, with its hash at the end, and the hash."""
    content = orjson.dumps(entry)
    digest = sha256(content).hexdigest()
    return content[:-1] + b',"hash":"' + digest.encode() + b'"}\n', digest


def _last(raw: bytes) -> Head:
    """Return the number and the hash of the last line, whatever it is."""
    lines = raw.splitlines()
    return Head(len(lines), sha256(lines[-1]).hexdigest() if lines else FIRST)


def _cut(hashes: Sequence[str], head: Head | None) -> str | None:
    """Return the problem if these are not the lines of a head, None if they are."""
    if head is None:
        return None
    missing = head.lines - (len(hashes) - 1)
    if missing > 0:
        return f"the last {missing} of {head.lines} lines are missing"
    return (
        None
        if hashes[head.lines] == head.hash
        else f"the lines up to line {head.lines} are not those that were written"
    )


def _read_head(path: Path) -> Head | None:
    """Return what the head file says, None without one."""
    try:
        saved = orjson.loads(head_path(path).read_bytes())
        return Head(int(saved["lines"]), str(saved["hash"]))
    except (FileNotFoundError, orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        return None
