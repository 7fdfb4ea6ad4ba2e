"""How far the files are read, on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import click


class Progress:
    """A bar over the bytes read, on a terminal."""

    def __init__(self) -> None:
        self._bar: Any = None

    def __enter__(self) -> Callable[[Any], None]:
        return self._show if sys.stderr.isatty() else lambda _: None

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.__exit__(None, None, None)

    def _show(self, source: Any) -> None:
        if self._bar is None:
            bar = click.progressbar(length=source.total_bytes, label="Reading", file=sys.stderr, show_pos=False)
            self._bar = bar.__enter__()
        self._bar.update(source.bytes_read - self._bar.pos)
