"""The estimated performance of a model version, as text."""

from __future__ import annotations

import click

from stream_monitor.core.formatting import fixed
from stream_monitor.performance.estimated import EstimatedResult


def show_estimated(estimated: EstimatedResult) -> None:
    """Print the estimate over each window and its error so far, or why there is none."""
    if estimated.why_not:
        click.echo(f"  accuracy cannot be estimated before labels come: {estimated.why_not}")
        return
    values = "  ".join(
        f"{window} {fixed(each.value)} ({fixed(each.lower)} to {fixed(each.upper)})"
        for window, each in estimated.estimates.items()
    )
    click.echo(f"  estimated accuracy  {values}")
    if error := estimated.errors.get("cumulative"):
        click.echo(f"  estimated less realized accuracy  {error.value:+.4f} over {error.count:,} outcomes")
