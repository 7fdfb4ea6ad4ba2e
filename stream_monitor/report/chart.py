"""Charts as SVG: lines with bands over the shared axis, with detections as marks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from stream_monitor.core.arrays import Floats
from stream_monitor.core.formatting import short
from stream_monitor.report.axis import Scale, limits, number_ticks
from stream_monitor.report.timebase import Timebase
from stream_monitor.sections.html import text

WIDTH, LEFT, RIGHT, TOP, BOTTOM = 1080, 70, 14, 20, 24
#: Up to this number of marks each has a title of its own; of more, one is drawn per pixel.
MAX_TITLED = 100
#: A line is interrupted at a gap of at least this share of the axis and this many times the median step.
_GAP, _STEPS = 0.03, 6.0
#: The width of a label and of a tick's label, in pixels.
_LABEL_ROOM, _TICK_ROOM = 26.0, 84.0


class Line(NamedTuple):
    """One line over positions in the stream, with a band from ``low`` to ``high`` if both are given."""

    style: str
    positions: Floats
    values: Floats
    low: Floats | None = None
    high: Floats | None = None


class Mark(NamedTuple):
    """A mark at a position: an ``alarm`` with its estimated change point, or the beginning of another episode."""

    style: str
    position: int
    title: str
    changed: int | None = None
    label: str = ""
    link: str = ""


class Bounds(NamedTuple):
    """The range of a measure's possible values, and the choice to show it in percent."""

    floor: float | None = None
    ceiling: float | None = None
    percent: bool = False


ANY = Bounds()
SHARE = Bounds(0.0, 1.0, True)


def chart(
    base: Timebase, lines: Sequence[Line], marks: Sequence[Mark], name: str, bounds: Bounds = ANY, height: int = 160
) -> str:
    """Return a chart of lines over the shared axis, with axes, grid and marks, as SVG.

    Args:
        base: The shared axis.
        lines: The lines to draw.
        marks: The alarms and episodes to mark.
        name: The accessible name of the chart.
        bounds: The range of the measure's possible values.
        height: The height in pixels.
    """
    across = Scale(base.first, base.last, LEFT, WIDTH - RIGHT)
    low, high = limits(_all_values(lines), bounds.floor, bounds.ceiling)
    upward = Scale(low, high, height - BOTTOM, TOP)
    body = [
        _grid(across, upward, base, bounds.percent),
        *(_mark(base, across, mark, height) for mark in marks if mark.style == "other"),
        *(_band(base, across, upward, line) for line in lines if line.low is not None),
        *(_line(base, across, upward, line) for line in lines),
        *_alarms(base, across, [mark for mark in marks if mark.style != "other"], height),
        *_labels(base, across, marks),
        _beyond(lines, upward),
    ]
    return _svg(WIDTH, height, name, body)


def sparkline(base: Timebase, line: Line, name: str, width: int = 200, height: int = 36) -> str:
    """Return a chart of one line without axes, as SVG."""
    low, high = limits(_all_values([line]))
    across, upward = Scale(base.first, base.last, 1, width - 1), Scale(low, high, height - 2, 2)
    return _svg(width, height, name, [_line(base, across, upward, line)])


def lanes(base: Timebase, rows: Sequence[tuple[str, str, Sequence[Mark]]], episodes: Sequence[Mark]) -> str:
    """Return a chart of all detections, with one row (name, link, marks) per signal, as SVG."""
    left, step = 250, 24
    height = TOP + step * len(rows) + BOTTOM
    across = Scale(base.first, base.last, left, WIDTH - RIGHT)
    body = [_time_grid(across, base, height), *(_mark(base, across, mark, height) for mark in episodes)]
    for at, (name, link, marks) in enumerate(rows):
        middle = TOP + step * (at + 0.5)
        shown = name if len(name) <= 32 else name[:31] + "…"
        label = f"<text class=lane x={left - 10} y={middle + 4:g} text-anchor=end>{text(shown)}</text>"
        body.append(f'<a href="#{link}"><title>{text(name)}</title>{label}</a>' if link else label)
        body.append(f'<path class=grid d="M{left} {middle:g}H{WIDTH - RIGHT}"/>')
        body += _dots(base, across, marks, middle)
    return _svg(WIDTH, height, "What was detected in which signal", [*body, *_labels(base, across, episodes)])


def _dots(base: Timebase, across: Scale, marks: Sequence[Mark], middle: float) -> Iterable[str]:
    places: set[int] = set()
    for mark in marks:
        x = _place(base, across, mark.position)
        if len(marks) > MAX_TITLED and round(x) in places:
            continue
        places.add(round(x))
        changed = ""
        if mark.changed is not None:
            begin = _place(base, across, mark.changed)
            changed = f'<path class=delay d="M{begin:.1f} {middle:g}H{x:.1f}"/>{_diamond(begin, middle)}'
        yield f"<g><title>{text(mark.title)}</title>{changed}<circle class=dot cx={x:.1f} cy={middle:g} r=4.5 /></g>"


def _svg(width: int, height: int, name: str, body: Iterable[str]) -> str:
    inside = "".join(body)
    return f'<svg viewBox="0 0 {width} {height}" role=img aria-label="{text(name)}">{inside}</svg>'


def _all_values(lines: Sequence[Line]) -> Floats:
    return np.concatenate(
        [np.empty(0)] + [part for line in lines for part in (line.values, line.low, line.high) if part is not None]
    )


def _grid(across: Scale, upward: Scale, base: Timebase, percent: bool) -> str:
    parts = [_time_grid(across, base, int(upward.start) + BOTTOM)]
    for tick in number_ticks(upward.low, upward.high, 5, percent):
        y = float(upward.at(np.array(tick.at)))
        parts.append(f'<path class=grid d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>')
        parts.append(f"<text x={LEFT - 8} y={y + 4:.1f} text-anchor=end>{tick.label}</text>")
    return "".join(parts)


def _time_grid(across: Scale, base: Timebase, height: int) -> str:
    bottom = height - BOTTOM
    parts = [f'<path class=axis d="M{across.start:g} {bottom}H{across.end:g}"/>']
    free = across.start - _TICK_ROOM
    for tick in base.ticks:
        x = float(across.at(np.array(tick.at)))
        weight = " class=major" if tick.major else ""
        parts.append(f'<path class=grid d="M{x:.1f} {TOP}V{bottom + 4}"/>')
        # The first and last label are moved to stay within the picture.
        middle = min(max(x, across.start + 30), WIDTH - 40)
        if middle - free >= _TICK_ROOM * 0.9:
            parts.append(f"<text{weight} x={middle:.1f} y={bottom + 17} text-anchor=middle>{tick.label}</text>")
            free = middle
    return "".join(parts)


def _line(base: Timebase, across: Scale, upward: Scale, line: Line) -> str:
    x, y = across.at(base.at(line.positions)), _clipped(upward, line.values)
    if len(x) == 1 and np.isfinite(y[0]):
        return f'<circle class="{line.style} point" cx={x[0]:.1f} cy={y[0]:.1f} r=2.5 />'
    pieces = ["M" + " ".join(_pairs(x[part], y[part])) for part in _pieces(x, y, across)]
    return f'<path class="{line.style}" d="{"".join(pieces)}"/>' if pieces else ""


def _band(base: Timebase, across: Scale, upward: Scale, line: Line) -> str:
    if line.low is None or line.high is None:
        return ""
    x = across.at(base.at(line.positions))
    low, high = _clipped(upward, line.low), _clipped(upward, line.high)
    pieces = [
        "M" + " ".join((*_pairs(x[part], high[part]), *_pairs(x[part][::-1], low[part][::-1]))) + "Z"
        for part in _pieces(x, low + high, across)
    ]
    return f'<path class="band {line.style}" d="{"".join(pieces)}"/>' if pieces else ""


def _pieces(x: Floats, y: Floats, across: Scale) -> list[slice]:
    """Return the slices of a line between its gaps."""
    there = np.flatnonzero(np.isfinite(y))
    if not len(there):
        return []
    steps = np.diff(x[there])
    usual = float(np.median(steps)) if len(steps) else 0.0
    far = max(_GAP * (across.end - across.start), _STEPS * usual)
    breaks = np.flatnonzero((np.diff(there) > 1) & (steps > far) | (steps > far)) + 1
    return [slice(int(part[0]), int(part[-1]) + 1) for part in np.split(there, breaks)]


def _pairs(x: Floats, y: Floats) -> list[str]:
    return [f"{a:.1f},{b:.1f}" for a, b in zip(x.tolist(), y.tolist(), strict=True) if b == b]


def _clipped(upward: Scale, values: Floats) -> Floats:
    return upward.at(np.clip(values, upward.low, upward.high))


def _alarms(base: Timebase, across: Scale, marks: Sequence[Mark], height: int) -> Iterable[str]:
    if len(marks) <= MAX_TITLED:
        return [_mark(base, across, mark, height) for mark in marks]
    places = sorted({round(_place(base, across, mark.position)) for mark in marks})
    lines = "".join(f"M{x} {TOP}V{height - BOTTOM}" for x in places)
    return [f'<path class=alarm d="{lines}"><title>{len(marks):,} detections</title></path>']


def _mark(base: Timebase, across: Scale, mark: Mark, height: int) -> str:
    x, bottom = _place(base, across, mark.position), height - BOTTOM
    parts = [f"<title>{text(mark.title)}</title>"]
    if mark.changed is not None:
        begin = _place(base, across, mark.changed)
        size = f"width={max(x - begin, 0):.1f} height={bottom - TOP}"
        parts.append(f"<rect class=delay x={begin:.1f} y={TOP} {size} />")
        parts.append(f'<path class=changed d="M{begin:.1f} {TOP}V{bottom}"/>{_diamond(begin, bottom)}')
    parts.append(f'<path class={mark.style} d="M{x:.1f} {TOP}V{bottom}"/>')
    if mark.style == "alarm":
        parts.append(f'<path class=flag d="M{x - 4:.1f} {TOP - 3}h8l-4 6z"/>')
    return f"<g>{''.join(parts)}</g>"


def _diamond(x: float, y: float) -> str:
    return f'<path class=diamond d="M{x:.1f} {y - 4:g}l4 4l-4 4l-4 -4z"/>'


def _labels(base: Timebase, across: Scale, marks: Sequence[Mark]) -> Iterable[str]:
    """Yield the labels above marks, those of alarms first; labels that would overlap another are left out."""
    taken: list[float] = []
    for mark in sorted(marks, key=lambda mark: mark.style == "other"):
        x = _place(base, across, mark.position)
        if not mark.label or any(abs(x - other) < _LABEL_ROOM for other in taken):
            continue
        taken.append(x)
        words = f'<text class="label {mark.style}" x={x:.1f} y={TOP - 7} text-anchor=middle>{text(mark.label)}</text>'
        yield f'<a href="#{mark.link}">{words}</a>' if mark.link else words


def _beyond(lines: Sequence[Line], upward: Scale) -> str:
    """Return a note on the most extreme value outside the axis; empty if there is none."""
    values = np.concatenate([np.empty(0)] + [line.values[np.isfinite(line.values)] for line in lines])
    if not len(values) or (values.max() <= upward.high and values.min() >= upward.low):
        return ""
    furthest = values.max() if values.max() > upward.high else values.min()
    words = f"beyond the axis: up to {short(float(furthest), 3)}"
    return f"<text x={WIDTH - RIGHT - 4} y={TOP + 11} text-anchor=end>{words}</text>"


def _place(base: Timebase, across: Scale, position: int) -> float:
    return float(across.at(base.at(np.array(float(position)))))
