"""``stream-monitor replay``: the same pipeline over files."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import orjson

from stream_monitor.actions.message import episode_fields, fields
from stream_monitor.cli.episode_table import show
from stream_monitor.cli.options import files_argument, load, settings_options
from stream_monitor.cli.outputs import check_outputs, write
from stream_monitor.cli.progress import Reading
from stream_monitor.config.loading import flag
from stream_monitor.config.settings import ReplayConfig
from stream_monitor.core.events import Detection
from stream_monitor.core.formatting import counted, plain
from stream_monitor.drift.episodes import Episode, group
from stream_monitor.performance.realized import combine
from stream_monitor.pipeline.pipeline import Pipeline
from stream_monitor.report.caveats import notes
from stream_monitor.report.recorder import Recorder


@click.command()
@files_argument
@click.option(
    "--json",
    "json_path",
    metavar="OUT",
    type=click.Path(path_type=Path),
    help="write the findings to this file",
)
@click.option(
    "--report",
    "report_path",
    metavar="OUT",
    type=click.Path(path_type=Path),
    help="write a report to this file: one HTML page with all timelines, which needs nothing else",
)
@settings_options(ReplayConfig)
def replay(files: Sequence[Path], json_path: Path | None, report_path: Path | None, **flags: Any) -> None:
    """Run recorded predictions through the pipeline, without a broker, and print what it finds.

    FILE is JSONL, CSV or Parquet, plain or compressed by gzip or zstd. Of CSV and Parquet, the columns that are not
    mapped by --field are features, and an empty cell is missing.
    """
    config = load(ReplayConfig, flags)
    from stream_monitor.app import offline

    check_outputs({"--json": json_path, "--report": report_path}, [*files, config.labels])
    recorder = Recorder() if report_path else None
    began = time.monotonic()
    with Reading() as progress:
        pipeline, sink = offline.replay(config, files, progress, recorder)
    detections = sorted(sink.detections)
    result = summarise(pipeline, detections, config)
    if json_path:
        write("--json", json_path, orjson.dumps(result, option=orjson.OPT_INDENT_2) + b"\n")
    if report_path and recorder:
        from stream_monitor.report.page import render

        page = render(result, detections, recorder, list(map(str, files)), told(config, flags))
        write("--report", report_path, page.encode())
    _print(result, group(detections), time.monotonic() - began)
    if not result["events"]:
        click.echo(_why_none(files, is_rejected=bool(result["rejected"])), err=True)
        sys.exit(1)


def summarise(pipeline: Pipeline, detections: Sequence[Detection], config: ReplayConfig) -> dict[str, Any]:
    """What ``--json`` writes."""
    stats, joiner = pipeline.stats, pipeline.joiner
    monitors = pipeline.fleet.monitors.values()
    return {
        "events": stats.predictions,
        "labels": stats.labels,
        "outcomes": joiner.book.applied_predictions,
        "duplicates": joiner.book.duplicate_predictions + joiner.book.duplicate_labels,
        "held": joiner.held,
        "waiting": joiner.waiting_predictions,
        "expired": joiner.book.expired_predictions,
        "rejected": {reason.value: count for reason, count in stats.rejected.items() if count},
        "episodes": [episode_fields(episode) for episode in group(detections)],
        "detections": [fields(detection) for detection in detections],
        "performance": combine([monitor.performance for monitor in monitors]),
        "versions": [
            {
                **monitor.key._asdict(),
                "events": monitor.predictions,
                "performance": monitor.performance.measures(),
                "intervals": {window: list(bounds) for window, bounds in monitor.performance.intervals().items()},
                "outcomes": monitor.performance.counts(),
                "coverage": None if math.isnan(monitor.coverage.share) else monitor.coverage.share,
                "notes": notes(monitor, config.warmup, config.seasonality, is_timed=math.isfinite(joiner.clock)),
            }
            for monitor in monitors
        ],
    }


def told(config: ReplayConfig, flags: Mapping[str, Any]) -> list[str]:
    """The settings that were given, as flags: as they were typed, or as the environment or the file has them."""
    found = []
    values = config.model_dump(mode="json")
    for name in sorted(config.model_fields_set):
        value = flags.get(name) or values[name]
        if isinstance(value, dict):
            value = [f"{key}={path}" for key, path in value.items()]
        found += [f"{flag(name)} {each}" for each in (value if isinstance(value, list | tuple) else [value])]
    return found


def _why_none(files: Sequence[Path], *, is_rejected: bool) -> str:
    """Why there was no prediction."""
    if is_rejected:
        return "No prediction could be read: map the columns with --field, such as --field id=COLUMN."
    more = f" and {counted(len(files) - 1, 'more file')}" if len(files) > 1 else ""
    return f"No prediction: there is none in {plain(files[0])}{more}."


def _print(result: dict[str, Any], episodes: Sequence[Episode], seconds: float) -> None:
    show(episodes)
    click.echo()
    rejected = sum(result["rejected"].values())
    rate = result["events"] / max(seconds, 1e-9)
    click.echo(
        f"{result['events']:,} predictions, {result['labels']:,} labels, {result['outcomes']:,} outcomes, "
        f"{rejected:,} rejected in {seconds:.1f} s ({rate:,.0f} predictions/s)"
    )
    if result["duplicates"] or result["expired"]:
        click.echo(f"  {result['duplicates']:,} duplicates, {result['expired']:,} expired without a label")
    if result["held"]:
        click.echo(f"  {result['held']:,} outcomes are held: their predictions are younger than --label-maturity")
    for reason, count in result["rejected"].items():
        click.echo(f"  rejected: {reason} {count:,}")
    for version in result["versions"]:
        click.echo(f"\nModel {version['model']}, version {version['version']}: {version['events']:,} predictions")
        for measure, windows in version["performance"].items():
            bounds = version["intervals"] if measure == "accuracy" else {}
            values = {window: f"{value:.4f}{_between(bounds.get(window))}" for window, value in windows.items()}
            shown = "  ".join(f"{window} {value}" for window, value in values.items())
            click.echo(f"  {measure:9} {shown}")
        if version["coverage"] is not None:
            click.echo(f"  {version['coverage']:.1%} of its mature predictions have a label")
        for note in version["notes"]:
            click.echo(f"  note: {note}")


def _between(bounds: Sequence[float] | None) -> str:
    """A 95 % interval behind its value."""
    return f" ({bounds[0]:.4f} to {bounds[1]:.4f})" if bounds else ""
