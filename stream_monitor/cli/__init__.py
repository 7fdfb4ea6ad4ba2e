"""The command line."""

from __future__ import annotations

import sys

import click

from stream_monitor import __version__
from stream_monitor.cli.commands import LazyGroup
from stream_monitor.core.errors import ConfigError, StateError


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="stream-monitor")
def cli() -> None:
    """Watch a model in production: drift and performance, from Kafka to Prometheus.

    Start with `stream-monitor demo`, or try `stream-monitor replay FILE` on your own data.
    """


def main() -> None:
    """Run the command line; an error is one line, with exit code 2 for a wrong configuration, else 1."""
    try:
        sys.exit(cli(prog_name="stream-monitor", standalone_mode=False))
    except ConfigError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(2)
    except StateError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx else "stream-monitor"
        click.echo(f"Error: {' '.join(error.format_message().split())} (see {where} --help)", err=True)
        sys.exit(2)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit(130)
