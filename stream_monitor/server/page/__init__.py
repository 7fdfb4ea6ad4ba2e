"""The landing page: what changed, what is watched, how right it is. One request, no scripts, no network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files
from string import Template

from stream_monitor import __version__
from stream_monitor.core.formatting import moment, short
from stream_monitor.monitors.model import ModelMonitor
from stream_monitor.pipeline.pipeline import Pipeline
from stream_monitor.server.health import Health
from stream_monitor.server.page import changes
from stream_monitor.server.page.table import table

SHOWN_DETECTIONS = 10
SHOWN_MODELS = 50


def render_page(pipeline: Pipeline, health: Health) -> str:
    """The page as HTML."""
    template = Template(files(__package__).joinpath("page.html").read_text(encoding="utf-8"))
    problems = health.ready()
    return pipeline.readers.read(lambda: _fill(template, pipeline, problems))


def _fill(template: Template, pipeline: Pipeline, problems: Sequence[str]) -> str:
    monitors = list(pipeline.fleet.monitors.values())
    return template.substitute(
        version=__version__,
        state="red" if problems else "green",
        verdict=escape("; ".join(problems) or "ready"),
        tiles=_tiles(pipeline),
        episodes=changes.episodes(monitors),
        active=changes.active(monitors, pipeline.joiner.clock),
        models=table(
            ("Model", "Version", "Predictions", "Outcomes", "Performance", "Rolling", "Drifts"),
            map(_model_row, monitors[:SHOWN_MODELS]),
            "No prediction has come in yet.",
        ),
        detections=table(
            ("Time", "Model", "Signal", "Detector", "Before → after", "Effect"),
            _detection_rows(pipeline),
            "No drift so far.",
        ),
        rejects=table(("Reason", "Records"), _reject_rows(pipeline), "Every record could be read."),
    )


def _tiles(pipeline: Pipeline) -> str:
    lags = [position.lag for position in pipeline.positions if position.lag is not None]
    tiles = {
        "predictions": pipeline.stats.predictions,
        "labels": pipeline.stats.labels,
        "waiting for a label": pipeline.joiner.waiting_predictions,
        "held until mature": pipeline.joiner.held,
        "rejected": sum(pipeline.stats.rejected.values()),
        "partitions": len(pipeline.positions),
        "records behind": sum(lags),
    }
    return "".join(f"<div class=tile><b>{value:,}</b>{name}</div>" for name, value in tiles.items())


def _model_row(monitor: ModelMonitor) -> tuple[str, ...]:
    measures = monitor.performance.measures()
    outcomes = int(monitor.performance.totals()["outcomes"])
    drifts = sum(drift.count for signal in monitor.signals.values() for drift in signal.drifts.values())
    cumulative = ", ".join(f"{name} {windows['cumulative']:.4g}" for name, windows in measures.items())
    intervals = monitor.performance.intervals()
    if intervals:
        cumulative += f" ({intervals['cumulative'].lower:.4g} to {intervals['cumulative'].upper:.4g})"
    rolling = ", ".join(f"{name} {windows['rolling']:.4g}" for name, windows in measures.items())
    return (*monitor.key, f"{monitor.predictions:,}", f"{outcomes:,}", cumulative, rolling, f"{drifts:,}")


def _detection_rows(pipeline: Pipeline) -> Iterable[tuple[str, ...]]:
    for detection in list(pipeline.fleet.recent)[: -SHOWN_DETECTIONS - 1 : -1]:
        yield (
            moment(detection.ts) or f"prediction {detection.index:,}",
            f"{detection.model} / {detection.version}",
            changes.named(detection),
            detection.detector,
            changes.moved(detection),
            short(detection.effect, 3),
        )


def _reject_rows(pipeline: Pipeline) -> Iterable[tuple[str, ...]]:
    for reason, count in pipeline.stats.rejected.most_common():
        if count:
            yield reason.value, f"{count:,}"
