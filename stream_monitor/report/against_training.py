"""The signals against the training data: a table at the head of the report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from stream_monitor.core.formatting import counted
from stream_monitor.pipeline.against_training import against_training, distance, headline, moved, rows, when
from stream_monitor.pipeline.snapshot import ModelSnapshot
from stream_monitor.report.html import exact
from stream_monitor.report.html import when as when_at
from stream_monitor.sections.html import text
from stream_monitor.stats.training_verdict import SignalVerdict

#: The maximum number of signals of a model version, and of names in a list.
MAX_SIGNALS, MAX_NAMES = 60, 100
_HEAD = "<tr><th>Signal<th>Training → now<th class=number>Effect<th>Distance<th>"


def against(models: Iterable[ModelSnapshot]) -> str:
    """Return a section on what differs from the training data; nothing without a profile."""
    found = "".join(map(_model, models))
    return f"<section id=training>\n<h2>Against the training data</h2>\n{found}\n</section>\n" if found else ""


def _model(model: ModelSnapshot) -> str:
    found = against_training(model)
    if not found:
        return ""
    told, rest = rows(found, MAX_SIGNALS)
    same = [text(each.name) for each in found if each.verdict.verdict == "same"]
    body = "".join(map(_row, told))
    more = f"<p class=note>And {counted(rest, 'more signal')}, which --json has.</p>" if rest else ""
    return (
        f"<article class=episode><h3>{text('/'.join(model.key))}: {headline(found)}</h3>{_noticed(model)}"
        f"{f'<div class=wide><table>{_HEAD}{body}</table></div>' if body else ''}{more}{_same(same)}</article>"
    )


def _noticed(model: ModelSnapshot) -> str:
    """Return when the first signal was told to differ since the start."""
    first = model.skew
    return f"<p>First noticed {when_at(first.ts, first.index)}.</p>" if first else ""


def _same(names: Sequence[str]) -> str:
    """Return the names of the signals that are the same."""
    others = f" and {len(names) - MAX_NAMES:,} more" if len(names) > MAX_NAMES else ""
    listed = ", ".join(f"<code>{name}</code>" for name in names[:MAX_NAMES])
    return f"<p class=note>The same: {listed}{others}</p>" if names else ""


def _row(signal: SignalVerdict) -> str:
    verdict = signal.verdict
    level = text(moved(signal).replace(" -> ", " → "))
    effect = exact(verdict.effect, 3) if verdict.verdict == "shifted" else ""
    return (
        f'<tr data-verdict="{verdict.verdict}"><td><code>{text(signal.name)}</code><td>{level}'
        f"<td class=number>{effect}<td>{text(distance(verdict))}<td>{text(when(verdict))}"
    )
