"""``stream-monitor tune``: detectors and their parameters compared on a recording."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import orjson

from stream_monitor.cli.options import files_argument, load, settings_options
from stream_monitor.cli.outputs import check_outputs, write
from stream_monitor.cli.progress import Progress, Reading
from stream_monitor.config.settings import SampleSettings
from stream_monitor.profiles.profile import Profile
from stream_monitor.tuning.settings import TuneConfig


@click.command()
@files_argument
@click.option(
    "--json", "json_path", metavar="OUT", type=click.Path(path_type=Path), help="write everything to this file"
)
@settings_options(TuneConfig, without=SampleSettings.model_fields)
def tune(files: Sequence[Path], json_path: Path | None, **flags: Any) -> None:
    """Try detectors over recorded predictions: false alarms beside delays, and the flags that fit.

    FILE is what `replay` reads, with the same flags but for those of evaluation sets, which are not written. Every
    candidate watches it as `run` would: as it is; as a surrogate, which has the same values and no drift, to count
    false alarms; and with changes of known size in it, to see how soon they are found. A drift that is in the
    recording counts among the alarms of "as is" only. Where no candidate fits, none is recommended, and the exit code
    is 1.
    """
    config = load(TuneConfig, flags)
    from stream_monitor.app import offline
    from stream_monitor.tuning.candidates import candidates, in_events, surrogate_period
    from stream_monitor.tuning.recommendation import recommend
    from stream_monitor.tuning.result import summary
    from stream_monitor.tuning.sweep import SweepContext, sweep
    from stream_monitor.tuning.text import lines

    check_outputs({"--json": json_path}, [*files, config.labels])
    with Reading() as read:
        recording = offline.record(config, files, read)
    tried = candidates(config, recording)
    context = SweepContext(
        config.surrogates,
        config.horizon,
        config.seed,
        Profile.read(config.profile) if config.profile else None,
        surrogate_period(tried, recording),
        config.min_effect,
    )
    with Progress("Trying ") as progress:
        result = sweep(recording, tried, context, progress)
    wanted = in_events(config.expected_run_length, recording.rate)
    found = recommend(result, wanted)
    if json_path:
        write("--json", json_path, orjson.dumps(summary(result, found), option=orjson.OPT_INDENT_2) + b"\n")
    for line in lines(result, found):
        click.echo(line)
    if found.best is None:
        click.get_current_context().exit(1)
