"""docs/guarantees.md names a test for each promise: they are there, and so are the links of the documentation."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("bench/*.md")]


def named() -> list[tuple[str, str]]:
    """File and function of each test; ``::name`` alone is in the file named before it."""
    found, file = [], ""
    for path, name in re.findall(r"`([\w/]+\.py)?::([\w.]+)`", (ROOT / "docs/guarantees.md").read_text()):
        file = path or file
        found.append((file, name))
    return found


@pytest.mark.parametrize(("file", "name"), sorted(set(named())))
def test_what_is_said_to_show_a_promise_is_there(file: str, name: str) -> None:
    places = [ROOT / "tests" / file, ROOT / "tests/integration" / file]
    text = next(path.read_text() for path in places if path.exists())
    for part in name.split("."):
        assert re.search(rf"^\s*(def|class) {part}\b", text, re.M)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    for target, anchor in re.findall(r"\]\(([^)#:]*)(#[^)]*)?\)", document.read_text()):
        path = document.parent / target if target else document
        assert path.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", path.read_text(), re.M)
            assert anchor[1:] in {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings}
