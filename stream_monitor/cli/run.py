"""``stream-monitor run``: the sidecar."""

from __future__ import annotations

from typing import Any

import click

from stream_monitor.cli.options import load, settings_options
from stream_monitor.config.settings import RunConfig


@click.command()
@settings_options(RunConfig)
def run(**flags: Any) -> None:
    """Watch models over Kafka until SIGTERM, and serve the findings to Prometheus.

    Every flag is also read from STREAM_MONITOR_* (--topic from STREAM_MONITOR_TOPIC; several values are separated
    by spaces) and from the YAML file. Flags win over the environment, and that over the file.
    """
    config = load(RunConfig, flags)
    from stream_monitor.app import sidecar

    sidecar.run(config)
