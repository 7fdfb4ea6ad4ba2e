"""Layout of a layered graph: positions of nodes with few crossing and mostly straight arrows.

The method of Sugiyama et al. (1981): an edge over several layers gets a stand-in node ("bend") in each layer between;
nodes are sorted within their layers so that few edges cross, and then moved towards their neighbours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

#: A node is a name, or a bend: the edge that it belongs to and its layer.
Node = str | tuple[str, str, int]
Edge = tuple[str, str]
ROUNDS = 30


def chains(layers: Sequence[Sequence[str]], edges: Sequence[Edge]) -> dict[Edge, list[Node]]:
    """Return the nodes on the way of each edge, from its upper end through its bends to its lower end.

    >>> chains([["a"], ["b"], ["c"]], [("a", "c")])
    {('a', 'c'): ['a', ('a', 'c', 1), 'c']}
    """
    layer_of = {name: at for at, layer in enumerate(layers) for name in layer}
    return {
        (upper, lower): [upper, *((upper, lower, at) for at in range(layer_of[upper] + 1, layer_of[lower])), lower]
        for upper, lower in edges
    }


def sort_layers(layers: Sequence[Sequence[str]], ways: Mapping[Edge, Sequence[Node]]) -> list[list[Node]]:
    """Return the layers with their bends, each sorted so that edges cross seldom."""
    rows: list[list[Node]] = [list(layer) for layer in layers]
    for way in ways.values():
        for node in way[1:-1]:
            rows[node[2]].append(node)  # type: ignore[index]  # a bend
    links = [link for way in ways.values() for link in pairwise(way)]
    best = [list(row) for row in rows]
    for round_ in range(ROUNDS):
        _sort_by_neighbours(rows, links, downward=round_ % 2 == 0)
        _swap_neighbours(rows, links)
        if _crossings(rows, links) < _crossings(best, links):
            best = [list(row) for row in rows]
    return best


def place(
    rows: Sequence[Sequence[Node]], ways: Mapping[Edge, Sequence[Node]], width: Callable[[Node], float], gap: float
) -> dict[Node, float]:
    """Return the horizontal centre of each node: near its neighbours, in row order, at least ``gap`` apart."""
    links = [link for way in ways.values() for link in pairwise(way)]
    at: dict[Node, float] = {}
    for row in rows:
        at.update(_apart(row, dict.fromkeys(row, 0.0), width, gap))
    for _ in range(ROUNDS * 4):
        for row in rows:
            at.update(_apart(row, {node: _wanted(node, links, at) for node in row}, width, gap))
    return at


def _wanted(node: Node, links: Sequence[tuple[Node, Node]], at: Mapping[Node, float]) -> float:
    """Return the mean of the neighbours' places. Bends count more, which makes long edges straight."""
    places = [
        (at[other], 4.0 if isinstance(other, tuple) and isinstance(node, tuple) else 1.0)
        for link in links
        if node in link
        for other in link
        if other != node
    ]
    return sum(x * weight for x, weight in places) / sum(weight for _, weight in places) if places else at[node]


def _apart(
    row: Sequence[Node], wanted: Mapping[Node, float], width: Callable[[Node], float], gap: float
) -> dict[Node, float]:
    """Return the positions nearest to the wanted ones (least squares) that keep the order and the gaps of a row."""
    offsets = [0.0]
    for left, right in pairwise(row):
        offsets.append(offsets[-1] + (width(left) + width(right)) / 2 + gap)
    # Pool adjacent violators: what would overlap moves as one, to its mean.
    pools: list[tuple[float, int]] = []
    for node, offset in zip(row, offsets, strict=True):
        total, count = wanted[node] - offset, 1
        while pools and pools[-1][0] / pools[-1][1] >= total / count:
            before = pools.pop()
            total, count = total + before[0], count + before[1]
        pools.append((total, count))
    means = [total / count for total, count in pools for _ in range(count)]
    return {node: mean + offset for node, mean, offset in zip(row, means, offsets, strict=True)}


def _sort_by_neighbours(rows: list[list[Node]], links: Sequence[tuple[Node, Node]], downward: bool) -> None:
    """Sort each row by the mean rank of its neighbours in the row before it, from the top or from the bottom."""
    order = range(1, len(rows)) if downward else range(len(rows) - 2, -1, -1)
    for at in order:
        rank = {node: place for place, node in enumerate(rows[at - 1 if downward else at + 1])}
        mean = {}
        for place_, node in enumerate(rows[at]):
            ranks = [rank[other] for link in links if node in link for other in link if other in rank]
            mean[node] = sum(ranks) / len(ranks) if ranks else float(place_)
        rows[at].sort(key=lambda node: mean[node])


def _swap_neighbours(rows: list[list[Node]], links: Sequence[tuple[Node, Node]]) -> None:
    """Swap two neighbours where that leaves fewer crossings, until none does."""
    least, swapped = _crossings(rows, links), True
    while swapped:
        swapped = False
        for row in rows:
            for at in range(len(row) - 1):
                row[at], row[at + 1] = row[at + 1], row[at]
                crossings = _crossings(rows, links)
                if crossings < least:
                    least, swapped = crossings, True
                else:
                    row[at], row[at + 1] = row[at + 1], row[at]


def _crossings(rows: Sequence[Sequence[Node]], links: Sequence[tuple[Node, Node]]) -> int:
    """Return the number of pairs of links that cross between two rows."""
    place_of = {node: (at, place) for at, row in enumerate(rows) for place, node in enumerate(row)}
    by_row: dict[int, list[tuple[int, int]]] = {}
    for upper, lower in links:
        by_row.setdefault(place_of[upper][0], []).append((place_of[upper][1], place_of[lower][1]))
    return sum(
        (a[0] - b[0]) * (a[1] - b[1]) < 0
        for between in by_row.values()
        for i, a in enumerate(between)
        for b in between[:i]
    )
