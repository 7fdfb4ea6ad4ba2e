"""Each recipe of CONTRIBUTING.md, followed to the letter in a copy of the repository, passes its contract tests.

A block of code begins with the path that it belongs to. A Python block is that whole file; a diff block changes it,
as in a unified diff, with ``...`` between its hunks.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from itertools import groupby
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
#: The contract tests of each recipe, and the words by which pytest selects those of the example.
RECIPES = {
    "Add a detector": ("test_detectors.py", "cusum or union"),
    "Add a measure": ("test_measures.py", "bias or error or naive"),
    "Add a source": ("test_sources.py", "lines"),
    "Add a decoder": ("test_decoders.py", "toml"),
    "Add a sink": ("test_sinks.py", "stdout"),
}
COPIED = ("stream_monitor", "tests/contract", "tests/*.py", "pyproject.toml")


def _blocks(heading: str) -> list[tuple[str, str, str]]:
    """Language, path and text of each block of code below a heading."""
    section = CONTRIBUTING.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"^```(python|diff)\n# (\S+)\n(.*?)^```$", section, re.M | re.S)


def _patch(text: str, diff: str) -> str:
    """The text with the changes of a diff. The old lines of each hunk occur in it exactly once."""
    for is_gap, lines in groupby(diff.splitlines(keepends=True), key=lambda line: line == "...\n"):
        if not is_gap:
            hunk = list(lines)
            old = "".join(line[1:] for line in hunk if line[0] in " -")
            assert text.count(old) == 1, f"not once in the file:\n{old}"
            text = text.replace(old, "".join(line[1:] for line in hunk if line[0] in " +"))
    return text


def _follow(heading: str, copy: Path) -> None:
    for language, path, text in _blocks(heading):
        file = copy / path
        assert file.exists() == (language == "diff"), path
        file.write_text(
            _patch(file.read_text(encoding="utf-8"), text) if language == "diff" else text, encoding="utf-8"
        )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for pattern in COPIED:
        for path in ROOT.glob(pattern):
            target = tmp_path / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            if path.is_dir():
                shutil.copytree(path, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(path, target)
    return tmp_path


def _contract_tests(copy: Path, file: str, words: str) -> subprocess.CompletedProcess[str]:
    arguments = ("-m", "pytest", "-x", "-p", "no:cacheprovider", f"tests/contract/{file}", "-k", words)
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("heading", RECIPES)
def test_a_recipe_adds_what_it_says(heading: str, copy: Path) -> None:
    assert _blocks(heading)
    _follow(heading, copy)
    done = _contract_tests(copy, *RECIPES[heading])
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout


def test_every_recipe_is_followed() -> None:
    assert re.findall(r"^## (Add .*)$", CONTRIBUTING, re.M) == list(RECIPES)
