"""The README's line about performance and the page that it comes from."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGE = "docs/performance.md"
BEGIN, END = "<!-- performance -->", "<!-- /performance -->"


def test_the_readme_says_what_the_page_says() -> None:
    said = (ROOT / "README.md").read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    claim, link, _ = " ".join(said.split()).partition(f" ([measured]({PAGE}))")
    assert claim
    assert bool(link) is (ROOT / PAGE).exists()
    assert not link or claim in (ROOT / PAGE).read_text(encoding="utf-8")
