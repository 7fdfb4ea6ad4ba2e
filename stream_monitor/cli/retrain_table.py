"""Retrain requests as text."""

from __future__ import annotations

import click

from stream_monitor.core.formatting import counted, moment, plain
from stream_monitor.pipeline.snapshot import Snapshot

#: Requests that are shown, the newest ones.
MAX_SHOWN = 20


def show_retraining(snapshot: Snapshot) -> None:
    """Print the retrain requests, and the reasons that wait; nothing without policies."""
    if not snapshot.actions.retraining:
        return
    requests = snapshot.actions.requests
    click.echo(f"\n{counted(len(requests), 'retrain request')}")
    for request in requests[-MAX_SHOWN:]:
        when = moment(request.ts) and f"{moment(request.ts)} UTC, "
        where = plain("/".join(request.key))
        click.echo(f"  {when}prediction {request.index:,}, {where}, {counted(request.labels, 'labelled event')}:")
        for reason in request.reasons:
            click.echo(f"    {plain(reason.text)}")
    for model in snapshot.actions.retraining:
        for text in model.waiting:
            why = "a request is open" if model.is_open else "the cool-down or the labels are missing"
            click.echo(f"  waits, {why}: {plain(text)}")
