"""docs/packages.svg draws the imports that the code has, and docs/architecture.md has a line for each package."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from itertools import combinations, pairwise
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def picture() -> Iterator[ModuleType]:
    sys.path.insert(0, str(ROOT / "docs"))
    import architecture_picture

    yield architecture_picture
    sys.path.remove(str(ROOT / "docs"))


def _boxes(svg: str) -> dict[str, tuple[float, float, float]]:
    """Left end, right end and top of each box, by its label."""
    parts = list(ElementTree.fromstring(svg))
    found = {}
    for box, text in pairwise(parts):
        if box.get("class") in ("box", "plain"):
            left = float(box.attrib["x"])
            found[str(text.text)] = (left, left + float(box.attrib["width"]), float(box.attrib["y"]))
    return found


def _arrows(svg: str) -> set[tuple[str, str]]:
    titles = [str(title.text) for title in ElementTree.fromstring(svg).iter(f"{SVG}title")]
    return {(title.split()[0], title.split()[2]) for title in titles}


def test_the_picture_is_that_of_the_code(picture: ModuleType) -> None:
    assert (ROOT / "docs/packages.svg").read_text(encoding="utf-8") == picture.packages_svg(), "run `make docs`"


def test_every_package_is_a_box_and_no_two_overlap(picture: ModuleType) -> None:
    boxes = _boxes(picture.packages_svg())
    folders = {path.parent.name for path in (ROOT / "stream_monitor").glob("*/__init__.py")}
    assert set(boxes) == folders
    for (left, right, top), (other_left, other_right, other_top) in combinations(boxes.values(), 2):
        assert top != other_top or right < other_left or other_right < left


def test_every_package_has_a_line_on_the_page(picture: ModuleType) -> None:
    assert re.findall(r"^\| `(\w+)` \|", PAGE, re.M) == [
        name for layer in picture.contract_layers(picture.package_imports()) for name in layer
    ]


def test_arrows_lead_to_all_that_is_imported_and_to_nothing_else(picture: ModuleType) -> None:
    imports: Mapping[str, set[str]] = picture.package_imports()
    drawn: dict[str, set[str]] = {name: set() for name in imports}
    for importer, imported in _arrows(picture.packages_svg()):
        drawn[importer].add(imported)
    for name, found in imports.items():
        assert drawn[name] <= found
        assert picture.reached(drawn, name) >= found - {"core"}


def test_a_package_that_every_other_imports_is_a_bar_without_arrows(picture: ModuleType) -> None:
    svg = picture.draw(
        [["top"], ["left", "right"], ["base"]],
        {"top": {"left", "right", "base"}, "left": {"base"}, "right": {"base"}, "base": set()},
    )
    assert _arrows(svg) == {("top", "left"), ("top", "right")}
    left, right, _ = _boxes(svg)["base"]
    assert right - left > 500


def test_a_package_that_is_in_no_layer_is_named(picture: ModuleType) -> None:
    with pytest.raises(ValueError, match="attic"):
        picture.contract_layers(["core", "attic"])


def test_the_page_fits_on_a_page() -> None:
    assert len(PAGE.splitlines()) <= 95
