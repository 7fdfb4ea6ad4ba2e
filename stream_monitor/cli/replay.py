"""``stream-monitor replay``: the pipeline over files."""

from __future__ import annotations

import shutil
import sys
import textwrap
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import orjson

from stream_monitor.cli import performance_table
from stream_monitor.cli.baseline_table import show_baselines
from stream_monitor.cli.episode_table import show
from stream_monitor.cli.estimated_table import show_estimated
from stream_monitor.cli.fairness_table import show_fairness
from stream_monitor.cli.options import files_argument, load, settings_options
from stream_monitor.cli.outputs import check_outputs, write
from stream_monitor.cli.progress import Reading
from stream_monitor.cli.reference_table import show_reference
from stream_monitor.cli.retrain_table import show_retraining
from stream_monitor.cli.version_table import show_versions
from stream_monitor.cli.violation_table import show_violations
from stream_monitor.config.loading import flag
from stream_monitor.config.settings import ReplayConfig
from stream_monitor.core.events import Detection, ModelVersion
from stream_monitor.core.formatting import counted, plain
from stream_monitor.core.violations import FeatureRule
from stream_monitor.pipeline.counters import told_backward
from stream_monitor.pipeline.snapshot import Snapshot
from stream_monitor.report.caveats import caveats
from stream_monitor.report.recorder import Recorder
from stream_monitor.report.summary import duplicates, rejected, summarise


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
        snapshot, detections = offline.replay(config, files, progress, recorder)
    order = told_backward(snapshot.counters.backward, snapshot.counters.predictions)
    found = {model.key: caveats(model, config.warmup, order) for model in snapshot.models}
    if json_path:
        summary = summarise(snapshot, detections, found)
        write("--json", json_path, orjson.dumps(summary, option=orjson.OPT_INDENT_2) + b"\n")
    if report_path and recorder:
        from stream_monitor.report.page import render

        page = render(snapshot, detections, recorder, list(map(str, files)), told(config, flags))
        write("--report", report_path, page.encode())
    _print(snapshot, detections, found, config.min_effect, time.monotonic() - began)
    if not snapshot.counters.predictions:
        click.echo(_why_none(files, is_rejected=bool(rejected(snapshot))), err=True)
        sys.exit(1)


def told(config: ReplayConfig, flags: Mapping[str, Any]) -> list[str]:
    """Return the settings that were given, as flags: as typed, or as the environment or the file has them."""
    found = []
    values = config.model_dump(mode="json")
    for name in sorted(config.model_fields_set):
        value = flags.get(name) or values[name]
        if isinstance(value, dict):
            value = [f"{key}={path}" for key, path in value.items()]
        found += [f"{flag(name)} {each}" for each in (value if isinstance(value, list | tuple) else [value])]
    return found


def _why_none(files: Sequence[Path], *, is_rejected: bool) -> str:
    """Return the reason why there was no prediction."""
    if is_rejected:
        return "No prediction could be read: map the columns with --field, such as --field id=COLUMN."
    more = f" and {counted(len(files) - 1, 'more file')}" if len(files) > 1 else ""
    return f"No prediction: there is none in {plain(files[0])}{more}."


def _print(
    snapshot: Snapshot,
    detections: Sequence[Detection],
    warnings: Mapping[ModelVersion, Sequence[str]],
    min_effect: float,
    seconds: float,
) -> None:
    show_reference(snapshot.models)
    show(snapshot.ranked(detections), min_effect)
    _print_violations(snapshot)
    click.echo()
    _print_totals(snapshot, seconds)
    for model in snapshot.models:
        click.echo(f"\nModel {model.key.model}, version {model.key.version}: {model.predictions:,} predictions")
        performance_table.show(model.performance)
        show_estimated(model.estimated)
        show_baselines(model.baselines)
        if model.fairness:
            show_fairness(model.fairness)
        if model.coverage is not None:
            click.echo(f"  {model.coverage:.1%} of its mature predictions have a label")
        for caveat in warnings[model.key]:
            click.echo(_note(caveat))
    for rollout in snapshot.rollouts:
        show_versions(rollout)
    show_retraining(snapshot)


def _note(caveat: str) -> str:
    """Return a caveat in lines as wide as the terminal."""
    columns = max(shutil.get_terminal_size().columns, 40)
    return textwrap.fill(
        f"  note: {caveat}", columns, subsequent_indent=" " * 8, break_long_words=False, break_on_hyphens=False
    )


def _print_violations(snapshot: Snapshot) -> None:
    """Print the violations of the input contract; nothing without one."""
    if snapshot.violation_examples is None:
        return
    counts: Counter[FeatureRule] = Counter()
    for model in snapshot.models:
        counts.update(model.violations)
    invalid, total = sum(model.invalid for model in snapshot.models), snapshot.counters.predictions
    if not invalid:
        click.echo("\nNo prediction breaks the input contract")
        return
    click.echo(f"\n{counted(invalid, 'prediction')} ({invalid / total:.2%}) with a violation of the input contract")
    examples = snapshot.violation_examples.items()
    show_violations(counts, total, {rule: f"row {row:,}: {found.explanation}" for rule, (row, found) in examples})


def _print_totals(snapshot: Snapshot, seconds: float) -> None:
    counters, join, reasons = snapshot.counters, snapshot.join, rejected(snapshot)
    click.echo(
        f"{counters.predictions:,} predictions, {counters.labels:,} labels, {join.applied_predictions:,} outcomes, "
        f"{sum(reasons.values()):,} rejected in {seconds:.1f} s "
        f"({counters.predictions / max(seconds, 1e-9):,.0f} predictions/s)"
    )
    if duplicates(join) or join.expired_predictions:
        click.echo(f"  {duplicates(join):,} duplicates, {join.expired_predictions:,} expired without a label")
    if join.waiting_outcomes:
        click.echo(f"  {join.waiting_outcomes:,} outcomes are in the maturity buffer (younger than --label-maturity)")
    for reason, count in reasons.items():
        click.echo(f"  rejected: {reason} {count:,}")
