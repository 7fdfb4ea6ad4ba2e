"""Charts of the signals over time: large for those with detections, small for all others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stream_monitor.core.arrays import Floats
from stream_monitor.core.events import Detection, ModelVersion
from stream_monitor.core.formatting import counted, short
from stream_monitor.drift.episodes import by_own_evidence
from stream_monitor.report.chart import ANY, SHARE, Bounds, Line, chart, sparkline
from stream_monitor.report.contents import LAST, Contents, describe_briefly
from stream_monitor.report.recorder import Recorder, SignalKey
from stream_monitor.report.timelines import (
    CATEGORIES,
    HIGH,
    LOW,
    CategoryTimeline,
    Grid,
    NumberTimeline,
    Points,
    choose_edges,
)
from stream_monitor.sections.html import text
from stream_monitor.stats.intervals import wilson

#: The maximum number of points of a line, and the minimum number of values of a point (of numbers, and of shares)
#: unless that leaves fewer than ``_MIN_VALUES`` points.
MAX_POINTS, _VALUES, _SHARE_VALUES, _MIN_VALUES = 300, 50, 150, 60
MAX_SPARK_POINTS = 75
#: The maximum number of signals with a large chart, and of detections listed below it.
MAX_FULL, MAX_LISTED = 60, 3
#: The maximum number of signals with a small chart.
MAX_SMALL = 1000

_NUMBERS = f"mean, with the {LOW}th to {HIGH}th percentile"
_SHARES = "share of ones, with its 95% interval"
_MISSING = "share of missing values, with its 95% interval"
_ERRORS = "share of wrong predictions, with its 95% interval"
_CLASS_ERRORS = "share of wrong predictions among the outcomes of this class, with its 95% interval"
#: The captions of signals of numbers, by the prefix of the signal.
_CAPTIONS = {
    "error": f"mean absolute error, with the {LOW}th to {HIGH}th percentile",
    "spread": f"standard deviation of each four values in a row: {_NUMBERS}",
}
_CATEGORIES = "share of each category"
_DISTANCES = "distances to the reference, as multiples of their thresholds:"


class SignalCharts:
    """The charts of all signals, large ones for signals with detections or a distance above its threshold."""

    def __init__(self, contents: Contents) -> None:
        self._contents = contents
        self._detections: dict[SignalKey, list[Detection]] = {}
        for detection in contents.detections:
            key = ModelVersion(detection.model, detection.version), detection.signal
            self._detections.setdefault(key, []).append(detection)
        for found in self._detections.values():
            found.sort(key=by_own_evidence)
        ranks = contents.evidence
        drifted = sorted(
            (key for key in self._detections if key in contents.signals), key=lambda key: (ranks.get(key, LAST), key)
        )
        beyond = _beyond(contents.recorder)
        far = [key for key in contents.signals if key not in self._detections and key in beyond]
        self._notable = [*drifted, *far]
        self.full = self._notable[:MAX_FULL]
        self.links = {key: f"signal-{number}" for number, key in enumerate(self.full, 1)}

    def render_full(self) -> str:
        """Render the large charts: signals with detections, then those with a distance above its threshold."""
        if not self.full:
            return "<p class=empty>No signal has a detection.</p>"
        rest = len(self._notable) - len(self.full)
        more = f"The {len(self.full)} with the most evident changes; {rest:,} more are among the small ones."
        drifted = "".join(self._figure(key) for key in self.full if key in self._detections)
        far = "".join(self._figure(key) for key in self.full if key not in self._detections)
        heading = "<h3>No drift, but a distance to the reference above its threshold</h3>" if far else ""
        return (f"<p class=note>{more}</p>" if rest else "") + drifted + heading + far

    def render_small(self) -> str:
        """Render all other signals in a collapsed section: small charts, and the names of constant signals."""
        others = [key for key in self._contents.signals if key not in self.links]
        if not others:
            return ""
        lines = {key: small_line(self._contents, key) for key in others}
        flat = [key for key, line in lines.items() if line.values.min() == line.values.max()]
        varying = [key for key in others if key not in set(flat)]
        shown = "".join(self._small(key, lines[key]) for key in varying[:MAX_SMALL])
        names = ", ".join(f"{self._title(key)} ({short(float(lines[key].values[0]))})" for key in flat[:MAX_SMALL])
        constant = f"<p class=note>Constant: {names}</p>" if flat else ""
        rest = max(len(varying) - MAX_SMALL, 0) + max(len(flat) - MAX_SMALL, 0)
        more = f"<p class=note>{counted(rest, 'more signal')} are not shown.</p>" if rest else ""
        return (
            f"<details><summary>{counted(len(others), 'other signal')}</summary>"
            f"<div class=sparks>{shown}</div>{constant}{more}</details>"
        )

    def _title(self, key: SignalKey) -> str:
        version = self._contents.named(key[0])
        return f"<code>{text(key[1])}</code>" + (f" <small>{text(version)}</small>" if version else "")

    def _figure(self, key: SignalKey) -> str:
        contents, detections = self._contents, self._detections.get(key, [])
        category = detections[0].category if detections else None
        lines, bounds, caption, legend = signal_lines(contents, key, category)
        marks = contents.marks(key[0], detections)
        picture = chart(contents.base, lines, marks, f"{key[1]}: {caption}", bounds)
        return (
            f'<figure id={self.links[key]} data-signal="{text(key[1])}"><figcaption>{self._title(key)} '
            f"<span>{text(caption)}</span> {legend}</figcaption><div class=wide>{picture}</div>{_list(detections)}"
            f"{self._distances(key)}</figure>"
        )

    def _distances(self, key: SignalKey) -> str:
        """Render all of a signal's distances in one chart, each as a multiple of its threshold."""
        contents = self._contents
        lines: list[Line] = []
        legend: list[str] = []
        grid = make_grid(contents)
        for (version, signal, name), samples in contents.recorder.distances.items():
            positions, (values, thresholds) = samples.points(grid)
            if (version, signal) != key or not len(positions):
                continue
            style = f"c{len(lines) % CATEGORIES}"
            lines.append(
                Line(
                    style,
                    positions,
                    values / np.where((thresholds > 0) & np.isfinite(thresholds), thresholds, np.nan),
                )
            )
            known = (
                f"threshold {short(float(thresholds[-1]), 3)}"
                if np.isfinite(thresholds[-1])
                else "too few independent values for a threshold"
            )
            numbers = f"{short(float(values[-1]), 3)}, {known}"
            legend.append(f"<span class=key><i class={style}></i>{text(name)} <small>({numbers})</small></span>")
        if not lines:
            return ""
        ones = Line("threshold", lines[0].positions, np.ones(len(lines[0].positions)))
        picture = chart(contents.base, [*lines, ones], (), f"{key[1]}: {_DISTANCES}", Bounds(floor=0.0), 130)
        return f"<p class=caption>{_DISTANCES} {' '.join(legend)}</p><div class=wide>{picture}</div>"

    def _small(self, key: SignalKey, line: Line) -> str:
        low, high = float(line.values.min()), float(line.values.max())
        detected = len(self._detections.get(key, ()))
        note = f" · {counted(detected, 'detection')}" if detected else ""
        picture = sparkline(self._contents.base, line, key[1])
        return f"<figure>{self._title(key)}{picture}<small>{short(low, 3)} to {short(high, 3)}{note}</small></figure>"


def _list(detections: Sequence[Detection]) -> str:
    """Return a list of the detections, the first with the most evidence."""
    if not detections:
        return ""
    listed = "".join(f"<li>{text(describe_briefly(detection))}" for detection in detections[:MAX_LISTED])
    rest = len(detections) - MAX_LISTED
    return f"<ul>{listed}{f'<li>and {rest:,} more' if rest > 0 else ''}</ul>"


def make_grid(
    contents: Contents, counts: Floats | None = None, values: float = 0.0, max_points: int = MAX_POINTS
) -> Grid:
    """Return the grid of a line's points.

    Args:
        contents: The contents of the report.
        counts: The number of values in each bin.
        values: The minimum number of values of a point, reduced if it would leave too few points.
        max_points: The maximum number of points, spaced evenly on the axis at least.
    """
    recorder, base = contents.recorder, contents.base
    used = max(-(-recorder.end // recorder.width), 1)
    places = base.at(np.minimum(np.arange(used + 1.0) * recorder.width, recorder.end) - 0.5)
    counts = np.zeros(used) if counts is None else counts[:used]
    min_values = min(values, float(counts.sum()) / _MIN_VALUES)
    edges = choose_edges(places, counts, (base.last - base.first) / max_points, min_values)
    return Grid(edges, recorder.width, recorder.end)


def signal_lines(
    contents: Contents, key: SignalKey, category: str | None = None
) -> tuple[list[Line], Bounds, str, str]:
    """Return a signal's lines, their bounds, a caption, and the legend of its categories.

    Of two categories only one is drawn, because the shares add up to 1: ``category`` if it is one of the two.
    """
    timeline = contents.signals[key]
    if isinstance(timeline, CategoryTimeline):
        return _category_lines(contents, key, timeline, category)
    values = _SHARE_VALUES if timeline.is_share else _VALUES
    points = timeline.points(make_grid(contents, timeline.counts, values))
    line = Line("mean", points.positions, points.mean, *_band(timeline, points))
    if not timeline.is_share:
        return [line], ANY, _CAPTIONS.get(key[1].partition(":")[0], _NUMBERS), ""
    captions = {"missing": _MISSING, "error": _CLASS_ERRORS if ":" in key[1] else _ERRORS}
    caption = captions.get(key[1].partition(":")[0], _SHARES)
    return [line], SHARE, caption, ""


def _category_lines(
    contents: Contents, key: SignalKey, timeline: CategoryTimeline, category: str | None
) -> tuple[list[Line], Bounds, str, str]:
    name_of = contents.recorder.names.get(key, str)
    found = timeline.points(make_grid(contents, timeline.counts, _SHARE_VALUES))
    if len(found) == 2:
        code = next((code for code in found if code is not None and name_of(code) == category), list(found)[1])
        points, name = found[code], "others" if code is None else f"“{name_of(code)}”"
        line = Line("mean", points.positions, points.mean, *_intervals(points))
        return [line], SHARE, f"share of {name}, with its 95% interval", ""
    lines, legend = [], []
    for at, (code, points) in enumerate(found.items()):
        style, name = ("rest", "others") if code is None else (f"c{at}", name_of(code))
        lines.append(Line(style, points.positions, points.mean))
        legend.append(f"<span class=key><i class={style}></i>{text(name)}</span>")
    return lines, SHARE, _CATEGORIES, " ".join(legend)


def _band(timeline: NumberTimeline, points: Points) -> tuple[Floats, Floats]:
    """Return the bounds of a band: the confidence interval of a share, or percentiles of numbers."""
    return _intervals(points) if timeline.is_share else (points.low, points.high)


def _intervals(points: Points) -> tuple[Floats, Floats]:
    pairs = zip(points.mean.tolist(), points.count.tolist(), strict=True)
    low, high = np.array([wilson(*pair) for pair in pairs]).T
    return low, high


def small_line(contents: Contents, key: SignalKey) -> Line:
    """Return a signal's line for a small chart; for categories the share of the one that occurred first."""
    timeline = contents.signals[key]
    grid = make_grid(contents, timeline.counts, _SHARE_VALUES, MAX_SPARK_POINTS)
    points = (
        next(iter(timeline.points(grid).values()))
        if isinstance(timeline, CategoryTimeline)
        else timeline.points(grid)
    )
    return Line("mean", points.positions, points.mean)


def _beyond(recorder: Recorder) -> set[SignalKey]:
    """Return the signals with a distance to the reference that exceeded its threshold."""
    return {
        (version, signal)
        for (version, signal, _), samples in recorder.distances.items()
        if (samples.newest[0] > samples.newest[1]).any()
    }
