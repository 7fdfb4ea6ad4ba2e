"""The landing page: changes, models and their performance. One request, no scripts, no network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from importlib.resources import files
from itertools import islice
from string import Template

from stream_monitor import __version__
from stream_monitor.core.errors import Reason
from stream_monitor.core.events import Detection
from stream_monitor.core.formatting import moment, short
from stream_monitor.performance.estimated import EstimatedResult
from stream_monitor.performance.windows import Window
from stream_monitor.pipeline.snapshot import ModelSnapshot, Snapshot
from stream_monitor.sections import sections
from stream_monitor.sections.html import contents as section_links
from stream_monitor.sections.html import render as render_sections
from stream_monitor.server.page import changes, training
from stream_monitor.server.page.table import table

SHOWN_DETECTIONS = 10
SHOWN_MODELS = 50
SHOWN_MEASURES = ("accuracy", "balanced_accuracy", "roc_auc", "mae", "rmse", "r2")
CLASS_COLUMNS = ("precision", "recall", "f1")
SHOWN_CLASSES = 50


def render_page(snapshot: Snapshot, problems: Sequence[str]) -> str:
    """Return the page as HTML; ``problems`` are those of ``/readyz``."""
    found = sections(snapshot, is_live=True)
    template = Template(files(__package__).joinpath("page.html").read_text(encoding="utf-8"))
    return template.substitute(
        version=__version__,
        state="red" if problems else "green",
        verdict=escape("; ".join(problems) or "ready"),
        tiles=_tiles(snapshot),
        training=training.against(snapshot.models),
        promise=changes.promise(snapshot.models),
        episodes=changes.episodes(snapshot.models, snapshot.min_effect),
        active=changes.active(snapshot.models, snapshot.join.stream_time),
        models=table(
            ("Model", "Version", "Predictions", "Outcomes", "Performance", "Rolling", "Estimated", "Drifts"),
            map(_model_row, snapshot.models[:SHOWN_MODELS]),
            "No prediction has come in yet.",
        ),
        classes=table(
            ("Model", "Class", "Labels", "Precision", "Recall", "F1"),
            islice(_class_rows(snapshot.models), SHOWN_CLASSES),
            "No class has been labelled yet.",
        ),
        links=section_links(found),
        sections=render_sections(found),
        detections=table(
            ("Time", "Model", "Signal", "Detector", "Before → after", "Effect"),
            _detection_rows(snapshot.detections),
            "No drift so far.",
        ),
        rejects=table(("Reason", "Records"), _reject_rows(snapshot.counters.rejected), "Every record could be read."),
    )


def _tiles(snapshot: Snapshot) -> str:
    positions = snapshot.loop.positions
    tiles = {
        "predictions": snapshot.counters.predictions,
        "labels": snapshot.counters.labels,
        "waiting for a label": snapshot.join.waiting_predictions,
        "in the maturity buffer": snapshot.join.waiting_outcomes,
        "rejected": sum(snapshot.counters.rejected.values()),
        "partitions": len(positions),
        "records behind": sum(position.lag for position in positions if position.lag is not None),
    }
    return "".join(f"<div class=tile><b>{value:,}</b>{name}</div>" for name, value in tiles.items())


def _model_row(model: ModelSnapshot) -> tuple[str, ...]:
    performance = model.performance
    outcomes = int(performance.totals["outcomes"])
    cumulative = _measures(performance.measures, "cumulative")
    if interval := performance.intervals.get("cumulative"):
        accuracy, *others = cumulative.split(", ")
        cumulative = ", ".join((f"{accuracy} ({interval.lower:.4g} to {interval.upper:.4g})", *others))
    rolling = _measures(performance.measures, "rolling")
    counts = f"{model.predictions:,}", f"{outcomes:,}"
    return (*model.key, *counts, cumulative, rolling, _estimated(model.estimated), f"{model.drift_count:,}")


def _estimated(result: EstimatedResult) -> str:
    """Return the estimated accuracy of the newest predictions, or why there is none."""
    if result.why_not:
        return f"none: {result.why_not}"
    estimate = result.estimates["rolling"]
    return f"accuracy {estimate.value:.4g} ({estimate.lower:.4g} to {estimate.upper:.4g})"


def _measures(measures: Mapping[str, Mapping[Window, float]], window: Window) -> str:
    shown = {name: measures[name][window] for name in SHOWN_MEASURES if window in measures.get(name, ())}
    return ", ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in shown.items())


def _class_rows(models: Iterable[ModelSnapshot]) -> Iterator[tuple[str, ...]]:
    for model in models:
        labels = model.performance.labels
        for name, measures in model.performance.classes.items():
            rolling = (short(measures.get(measure, {}).get("rolling"), 4) for measure in CLASS_COLUMNS)
            yield " / ".join(model.key), name, f"{labels[name]:,}", *rolling


def _detection_rows(detections: Sequence[Detection]) -> Iterable[tuple[str, ...]]:
    for detection in detections[: -SHOWN_DETECTIONS - 1 : -1]:
        yield (
            moment(detection.ts) or f"prediction {detection.index:,}",
            f"{detection.model} / {detection.version}",
            changes.named(detection),
            detection.detector,
            changes.moved(detection),
            short(detection.effect, 3),
        )


def _reject_rows(rejected: Mapping[Reason, int]) -> Iterable[tuple[str, ...]]:
    for reason, count in sorted(rejected.items(), key=lambda each: -each[1]):
        if count:
            yield reason.value, f"{count:,}"
