"""The signals against the training data, as HTML."""

from __future__ import annotations

from collections.abc import Iterable

from stream_monitor.core.formatting import counted, in_words, moment, short
from stream_monitor.pipeline.against_training import against_training, distance, headline, moved, rows, when
from stream_monitor.pipeline.snapshot import ModelSnapshot
from stream_monitor.sections.html import text
from stream_monitor.server.page.table import table

#: Signals that are shown of each model version.
SHOWN_SIGNALS = 12
_HEAD = ("Signal", "Training → now", "Effect", "Distance", "")


def against(models: Iterable[ModelSnapshot]) -> str:
    """Return what differs from the training data, what matters most first; nothing without a profile."""
    found = "".join(map(_model, models))
    return f"<h2>Against the training data</h2>{found}" if found else ""


def _model(model: ModelSnapshot) -> str:
    found = against_training(model)
    if not found:
        return ""
    told, rest = rows(found, SHOWN_SIGNALS, ("shifted",))
    cells = (
        (
            each.name,
            moved(each).replace(" -> ", " → "),
            f"{short(each.verdict.effect, 3)}, {in_words(each.verdict.effect)}",
            distance(each.verdict),
            when(each.verdict),
        )
        for each in told
    )
    more = f"<p class=note>And {counted(rest, 'more signal')}: see <code>reference_verdict</code>." if rest else ""
    noticed = moment(model.skew.ts) if model.skew else ""
    since = f"first noticed {noticed}" if noticed else ""
    return (
        f"<article><h3>{text('/'.join(model.key))}: {headline(found)}</h3><p>{since}</p>"
        f"<div class=wide>{table(_HEAD, cells)}</div>{more}</article>"
    )
