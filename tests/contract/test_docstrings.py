"""Every example in a docstring of the package runs; every module has a docstring; first lines have a usual form."""

from __future__ import annotations

import ast
import doctest
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import stream_monitor

ROOT = Path(stream_monitor.__path__[0])

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(stream_monitor.__path__, "stream_monitor.")
    if module.name != "stream_monitor.__main__"
)
#: A first line names the thing or its action ("A bounded cache of ...", "Return ..."); it is no subordinate clause.
CLAUSE = re.compile(
    r"\s*(what|whatever|how|whether|where|when|who|whose|whoever|why|which|since|so|as)\b", re.IGNORECASE
)


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_run(name: str) -> None:
    module = importlib.import_module(name)
    assert module.__doc__
    assert doctest.testmod(module).failed == 0


def test_there_are_examples() -> None:
    finder = doctest.DocTestFinder()
    examples = [
        example
        for name in MODULES
        for found in finder.find(importlib.import_module(name))
        for example in found.examples
    ]
    assert len(examples) > 20


def test_first_lines() -> None:
    clauses = [
        f"{path.relative_to(ROOT.parent)}:{line}: {first}"
        for folder in (ROOT, *(ROOT.parent / name for name in ("bench", "docs", "tests")))
        for path in sorted(folder.rglob("*.py"))
        for line, first in _first_lines(path)
        if CLAUSE.match(first)
    ]
    assert not clauses, "\n".join(clauses)


def _first_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the line number and the first line of each docstring of a file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if docstring := ast.get_docstring(node):
            yield node.body[0].lineno, docstring.splitlines()[0]
