"""Progress bars on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import click


class Progress:
    """A progress bar; nothing where standard error is no terminal."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._bar: Any = None

    def __enter__(self) -> Callable[[int, int], None]:
        return self._show if sys.stderr.isatty() else lambda *_: None

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.__exit__(None, None, None)

    def _show(self, done: int, total: int) -> None:
        if self._bar is None:
            bar = click.progressbar(length=total, label=self._label, file=sys.stderr, show_pos=False)
            self._bar = bar.__enter__()
        self._bar.update(done - self._bar.pos)


class Reading:
    """A progress bar of the bytes read of a source."""

    def __init__(self) -> None:
        self._progress = Progress("Reading")

    def __enter__(self) -> Callable[[Any], None]:
        show = self._progress.__enter__()
        return lambda source: show(source.bytes_read, source.total_bytes)

    def __exit__(self, *_: object) -> None:
        self._progress.__exit__()
