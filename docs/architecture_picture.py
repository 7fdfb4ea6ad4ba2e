"""Draw the packages of stream_monitor and the imports between them: docs/packages.svg.

The rows are the layers of the import contract in pyproject.toml, the arrows the imports that the code has.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

import grimp
from layered_layout import Edge, Node, chains, place, sort_layers

ROOT = Path(__file__).parent.parent
PACKAGE = "stream_monitor"
BOX, ROW, MARGIN = 32, 62, 24
#: Width of a letter of a label, and of the room on both sides of it.
LETTER, PADDING = 8.6, 30
GAP, BEND = 36, 4
#: Height of a line of the legend; room between two arrows at one box.
NOTE, PORT = 22, 16
MIN_WIDTH = 760
#: The package whose loop runs the data path.
LOOP = "pipeline"
LEGEND = (
    "An arrow is an import. Imports that follow from other arrows are left out.",
    "Every package imports core.",
    "Filled: packages that the pipeline's loop uses. Outlined: those that set it up or show its results.",
)
STYLE = """
  svg { --paper: #ffffff; --band: #f4f6f9; --box: #dbe8f6; --plain: #ffffff; --line: #5b7a99; --text: #14212e;
        --arrow: #7b8794; --note: #5a6672; }
  @media (prefers-color-scheme: dark) {
    svg { --paper: #14191f; --band: #1b222a; --box: #26435f; --plain: #14191f; --line: #7fa3c7; --text: #eef3f8;
          --arrow: #93a1af; --note: #a9b4bf; }
  }
  .paper { fill: var(--paper); } .band { fill: var(--band); }
  .box { fill: var(--box); stroke: var(--line); } .plain { fill: var(--plain); stroke: var(--line); }
  text { fill: var(--text); text-anchor: middle; } .note { fill: var(--note); text-anchor: start; font-size: 13px; }
  .arrow { stroke: var(--arrow); stroke-width: 1.3; fill: none; } .head { fill: var(--arrow); }
"""


def package_imports() -> dict[str, set[str]]:
    """Return each package of the code with the packages that it imports."""
    graph = grimp.build_graph(PACKAGE, cache_dir=None)
    packages = {name for name in graph.find_children(PACKAGE) if graph.find_children(name)}
    found: dict[str, set[str]] = {name.removeprefix(f"{PACKAGE}."): set() for name in packages}
    for module in graph.modules:
        for imported in graph.find_modules_directly_imported_by(module):
            importer, target = (name.split(".")[1:2] for name in (module, imported))
            if importer != target and {*importer, *target} <= set(found) and importer and target:
                found[importer[0]].add(target[0])
    return found


def contract_layers(packages: Collection[str]) -> list[list[str]]:
    """Return the layers of the import contract, from the top, with the packages that exist."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    named = [[name.strip().strip("()") for name in layer.split("|")] for layer in layers]
    rows = [[name for name in row if name in packages] for row in named]
    missing = set(packages) - {name for row in rows for name in row}
    if missing:
        raise ValueError(f"packages {sorted(missing)} are in no layer of pyproject.toml")
    return [row for row in rows if row]


def reduce(imports: Mapping[str, set[str]]) -> list[Edge]:
    """Return the imports that follow from no others: the transitive reduction.

    >>> reduce({"a": {"b", "c"}, "b": {"c"}, "c": set()})
    [('a', 'b'), ('b', 'c')]
    """
    return [
        (name, target)
        for name in sorted(imports)
        for target in sorted(imports[name])
        if not any(target in reached(imports, other) for other in imports[name] - {target})
    ]


def reached(imports: Mapping[str, set[str]], start: str) -> set[str]:
    """Return the packages that ``start`` imports, directly or through others."""
    found: set[str] = set()
    todo = [start]
    while todo:
        new = imports[todo.pop()] - found
        found |= new
        todo += new
    return found


def packages_svg() -> str:
    """Return the picture of this repository's packages."""
    imports = package_imports()
    return draw(contract_layers(imports), imports)


def draw(layers: Sequence[Sequence[str]], imports: Mapping[str, set[str]]) -> str:
    """Return the picture of these layers and imports; a package that all others import is a bar at the bottom."""
    bar = [name for name in layers[-1] if all(name in found for other, found in imports.items() if other != name)]
    rows = [row for row in ([name for name in layer if name not in bar] for layer in layers) if row]
    ways = chains(rows, reduce({name: found - set(bar) for name, found in imports.items() if name not in bar}))
    ordered = sort_layers(rows, ways)
    centre = place(ordered, ways, _width, GAP)
    left = min(x - _width(node) / 2 for node, x in centre.items())
    drawn = max(x + _width(node) / 2 for node, x in centre.items()) - left
    width = max(MIN_WIDTH, round(drawn) + 4 * MARGIN)
    x = {node: round(place_ - left + (width - drawn) / 2) for node, place_ in centre.items()}
    y = {node: MARGIN + ROW * at + (ROW - BOX) // 2 for at, row in enumerate(ordered) for node in row}
    inside = reached(imports, LOOP) | {LOOP} if LOOP in imports else set()
    arrows = [_arrow(way, points) for way, points in _points(ways, x, y)]
    boxes = [_box(name, x[name], y[name], _width(name), name in inside) for row in rows for name in row]
    return _svg(width, len(rows), arrows + boxes, bar)


def _points(
    ways: Mapping[Edge, Sequence[Node]], x: Mapping[Node, int], y: Mapping[Node, int]
) -> Iterator[tuple[Sequence[Node], list[tuple[int, int]]]]:
    """Return the points that each arrow goes through; those of one box leave it, and come to it, side by side."""
    starts = _ports([(way[0], way[1]) for way in ways.values()], x)
    ends = _ports([(way[-1], way[-2]) for way in ways.values()], x)
    for way in ways.values():
        through = [(x[node], y[node] + at) for node in way[1:-1] for at in (0, BOX)]
        first = (starts[way[0], way[1]], y[way[0]] + BOX)
        yield way, [first, *through, (ends[way[-1], way[-2]], y[way[-1]])]


def _ports(sides: Sequence[tuple[Node, Node]], x: Mapping[Node, int]) -> dict[tuple[Node, Node], int]:
    """Return the point at the edge of a box of each arrow to or from a neighbour, in the order of the neighbours."""
    found = {}
    for box in dict.fromkeys(box for box, _ in sides):
        others = sorted((other for one, other in sides if one == box), key=lambda other: x[other])
        step = min(PORT, (_width(box) - PADDING) // len(others))
        for at, other in enumerate(others):
            found[box, other] = x[box] + round(step * (at - (len(others) - 1) / 2))
    return found


def _width(node: Node) -> int:
    return round(len(node) * LETTER + PADDING) if isinstance(node, str) else BEND


def _svg(width: int, rows: int, parts: Sequence[str], bar: Sequence[str]) -> str:
    bottom = MARGIN + ROW * rows
    notes = bottom + (ROW if bar else 0)
    height = notes + NOTE * len(LEGEND) + MARGIN
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" role="img"',
            '  font-family="system-ui, sans-serif" font-size="15" aria-label="The packages and their imports">',
            f"<style>{STYLE}</style>",
            '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7"',
            '  orient="auto"><path class="head" d="M0 0L8 4L0 8z"/></marker></defs>',
            f'<rect class="paper" width="{width}" height="{height}" rx="10"/>',
            *(_band(MARGIN + ROW * row, width) for row in range(rows)),
            *parts,
            *(_box(name, width // 2, bottom + (ROW - BOX) // 2, width - 2 * MARGIN, True) for name in bar),
            *(
                f'<text class="note" x="{MARGIN}" y="{notes + NOTE * (at + 1)}">{line}</text>'
                for at, line in enumerate(LEGEND)
            ),
            "</svg>\n",
        ]
    )


def _band(top: int, width: int) -> str:
    return f'<rect class="band" x="{MARGIN}" y="{top + 5}" width="{width - 2 * MARGIN}" height="{ROW - 10}" rx="8"/>'


def _box(name: str, x: int, y: int, width: int, filled: bool) -> str:
    shape = "box" if filled else "plain"
    return (
        f'<rect class="{shape}" x="{x - width // 2}" y="{y}" width="{width}" height="{BOX}" rx="7"/>'
        f'<text x="{x}" y="{y + 21}">{name}</text>'
    )


def _arrow(way: Sequence[Node], points: Sequence[tuple[int, int]]) -> str:
    """Return a curve through the points that is upright at each of them."""
    (x, y), path = points[0], f"M{points[0][0]} {points[0][1]}"
    for to_x, to_y in points[1:]:
        half = (y + to_y) // 2
        path += f"C{x} {half} {to_x} {half} {to_x} {to_y}"
        x, y = to_x, to_y
    return f'<path class="arrow" d="{path}" marker-end="url(#head)"><title>{way[0]} imports {way[-1]}</title></path>'
