"""``stream-monitor demo``: the whole program at work, with an embedded broker."""

from __future__ import annotations

import sys

import click

from stream_monitor.config.value_types import parse_address
from stream_monitor.core.errors import ConfigError, SourceError


@click.command()
@click.option(
    "--listen", metavar="HOST:PORT", default="127.0.0.1:9464", show_default=True, help="where the sidecar serves"
)
@click.option(
    "--exit",
    "end",
    is_flag=True,
    help="end after the report: with 0 if each mistake was answered and nothing alarmed before the first, else 1",
)
@click.option(
    "--produce-only", is_flag=True, help="only play events to the broker of --bootstrap-servers, day after day"
)
@click.option("--bootstrap-servers", metavar="HOST:PORT", help="the broker for --produce-only")
def demo(listen: str, end: bool, produce_only: bool, bootstrap_servers: str | None) -> None:
    """See it answer the seven mistakes of a model in production, in about a minute.

    Starts an embedded Kafka broker, plays a credit-scoring model with a bad day to it, and lets the sidecar of `run`
    watch. A trainer takes its request for a new version, and an operator deploys what it commits to a Git repository.
    Ends with a table of what was caused and what the sidecar did about it. On a terminal it serves on until Ctrl-C.
    """
    try:
        from stream_monitor.demo import play
    except ImportError as error:
        raise ConfigError(f"the demo needs {error.name}: pip install 'stream-monitor[demo]'") from None

    try:
        parse_address(listen)
    except ValueError as error:
        raise ConfigError(f"--listen: {error}") from None
    if produce_only != bool(bootstrap_servers):
        raise ConfigError("--produce-only: needs --bootstrap-servers, and that is for it alone")
    try:
        if bootstrap_servers:
            play.produce_only(bootstrap_servers, click.echo)
            return
        found = play.play(listen, stay=play.on_terminal() and not end, say=click.echo)
    except SourceError as error:
        raise click.ClickException(str(error)) from None
    sys.exit(0 if found else 1)
