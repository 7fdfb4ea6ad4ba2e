"""The commands and their short helps, without the modules behind them."""

from __future__ import annotations

from importlib import import_module

import click

#: The short help of each command: the first sentence of its own help. A test holds them equal.
COMMANDS = {
    "audit": "Show an audit log, or verify that no line of it was changed or cut off.",
    "check-config": "Check the configuration of `run` without connecting, and print it.",
    "compare": "Test a candidate model on evaluation sets: its accuracy beside the champion's, and a verdict.",
    "contract": "Derive what a model's inputs must look like from the profile of its training data.",
    "demo": "See it answer the seven mistakes of a model in production, in about a minute.",
    "detectors": "List the drift detectors with their parameters, ranges and defaults.",
    "profile": "Learn from training data what is normal, for `run` and `replay` to compare with.",
    "replay": "Run recorded predictions through the pipeline, without a broker, and print what it finds.",
    "run": "Watch models over Kafka until SIGTERM, and serve the findings to Prometheus.",
    "tune": "Try detectors over recorded predictions: false alarms beside delays, and the flags that fit.",
    "validate": "Validate recorded events against an input contract; exit with 1 if any violates it.",
}


def load_command(name: str) -> click.Command:
    """Import a command's module and return the command, which has the module's name."""
    name = name.replace("-", "_")
    command: click.Command = getattr(import_module(f"stream_monitor.cli.{name}"), name)
    return command


class LazyGroup(click.Group):
    """A group that imports a command's module when the command is run, or its own help is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands in the order of `COMMANDS`."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, imported now; None for an unknown name."""
        del ctx
        return load_command(cmd_name) if cmd_name in COMMANDS else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands with their short helps, which needs none of their modules."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))
