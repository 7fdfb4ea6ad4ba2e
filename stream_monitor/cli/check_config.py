"""``stream-monitor check-config``: the check of a configuration."""

from __future__ import annotations

from typing import Any

import click
import yaml

from stream_monitor.cli.options import load, settings_options
from stream_monitor.config.loading import shown
from stream_monitor.config.settings import RunConfig
from stream_monitor.detectors.spec import parse_spec
from stream_monitor.drift.budget import unbudgeted


@click.command("check-config")
@settings_options(RunConfig)
def check_config(**flags: Any) -> None:
    """Check the configuration of `run` without connecting, and print it. Secrets are not shown."""
    config = load(RunConfig, flags)
    click.echo(yaml.safe_dump(shown(config), sort_keys=False, allow_unicode=True).rstrip())
    click.echo("The configuration is valid.", err=True)
    if own := unbudgeted([parse_spec(text) for text in config.detector]):
        click.echo(f"Note: by their own parameters, not by --expected-run-length, alarm: {', '.join(own)}.", err=True)
