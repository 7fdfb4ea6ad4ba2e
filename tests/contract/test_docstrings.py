"""Every example in a docstring of the package runs, and every module says what it is."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import stream_monitor

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(stream_monitor.__path__, "stream_monitor.")
    if module.name != "stream_monitor.__main__"
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
