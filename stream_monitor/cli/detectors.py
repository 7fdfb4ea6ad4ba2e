"""``stream-monitor detectors``: the detectors with their parameters, ranges and defaults."""

from __future__ import annotations

import click

from stream_monitor.detectors import KINDS
from stream_monitor.detectors.describe import describe, remark


@click.command()
def detectors() -> None:
    """List the drift detectors with their parameters, ranges and defaults."""
    for kind, config in sorted(KINDS.items()):
        click.echo(f"{kind}  {(config.__doc__ or '').splitlines()[0]}")
        if not config.budgeted:
            click.echo(f"  {remark(config)}")
        rows = [(p.name, p.default, p.allowed, p.description) for p in describe(config)]
        widths = [max(len(row[column]) for row in rows) for column in range(3)]
        for row in rows:
            name, default, allowed = (cell.ljust(width) for cell, width in zip(row, widths, strict=False))
            click.echo(f"  {name}  default {default}  {allowed}  {row[3]}")
        click.echo()
    click.echo(
        "Use: --detector '[SIGNAL=]KIND[:PARAMETER=VALUE,...]', for example --detector 'error=adwin:delta=0.01'."
    )
    click.echo(
        "Signals: feature:NAME, spread:NAME, missing:NAME, prediction, score, error, error:CLASS (of a rare class), "
        "invalid, gap:MEASURE:GROUP=VALUE (of groups); a glob as in '*:age' takes many."
    )
