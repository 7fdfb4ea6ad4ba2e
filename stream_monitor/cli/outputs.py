"""Output files of commands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from stream_monitor.core.errors import ConfigError


def check_outputs(outputs: Mapping[str, Path | None], inputs: Sequence[Path | None]) -> None:
    """Raise `ConfigError` before the work begins where a file can't be written, or is read as well.

    Args:
        outputs: Files to write, by flag.
        inputs: Files to read.
    """
    taken = {path.resolve() for path in inputs if path}
    for name, path in outputs.items():
        if not path:
            continue
        if path.resolve() in taken:
            raise ConfigError(f"{name}: {path} is read, or written by another flag; name another file")
        taken.add(path.resolve())
        write(name, path, b"")


def write(name: str, path: Path, content: bytes) -> None:
    """Write the file of a flag; `ConfigError` where it can't be written."""
    try:
        path.write_bytes(content)
    except OSError as error:
        raise ConfigError(f"{name}: can't write {path}: {error.strerror}") from None
