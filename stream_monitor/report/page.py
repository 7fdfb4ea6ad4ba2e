"""The report as one HTML file without scripts or network access."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from hashlib import sha256
from importlib.resources import files
from string import Template

from stream_monitor import __version__
from stream_monitor.core.events import Detection
from stream_monitor.core.formatting import counted, moment, span
from stream_monitor.pipeline.false_alarms import sentences
from stream_monitor.pipeline.snapshot import ModelSnapshot, Snapshot
from stream_monitor.report.against_training import against
from stream_monitor.report.contents import Contents, number_episodes
from stream_monitor.report.episodes import cards, overview, small_changes
from stream_monitor.report.html import exact, level_of
from stream_monitor.report.performance_charts import performance_charts
from stream_monitor.report.recorder import MAX_DISTANCES, MAX_SIGNALS, Recorder
from stream_monitor.report.section_charts import section_charts
from stream_monitor.report.signal_charts import SignalCharts
from stream_monitor.report.summary import duplicates, rejected
from stream_monitor.report.timebase import make_timebase
from stream_monitor.sections import sections
from stream_monitor.sections.html import contents as section_links
from stream_monitor.sections.html import render as render_sections
from stream_monitor.sections.html import text

#: The maximum number of rows of the table of detections.
MAX_DETECTIONS = 2000

_HEAD = (
    *("Alarm (UTC)", "Prediction", "Estimated change", "Model / version", "Signal", "Detector"),
    *("Before", "After", "Effect"),
)
_NUMERIC = ("Prediction", "Before", "After", "Effect")


def render(
    snapshot: Snapshot,
    detections: Sequence[Detection],
    recorder: Recorder,
    sources: Sequence[str],
    flags: Sequence[str],
) -> str:
    """Return the report as HTML.

    Args:
        snapshot: The pipeline at the end of the files.
        detections: All detections, in order.
        recorder: The timelines of the replay.
        sources: The names of the files.
        flags: The flags that were given.
    """
    detections = [one for one in detections if one.kind == "drift"]
    ranked = snapshot.ranked(detections)
    return _page(
        Contents(
            snapshot,
            detections,
            number_episodes(ranked.episodes, detections),
            ranked.small,
            recorder,
            recorder.signals,
            make_timebase(recorder),
            sources,
            flags,
        )
    )


def _page(contents: Contents) -> str:
    charts, sources = SignalCharts(contents), contents.sources
    told = sections(contents.snapshot, is_live=False)
    folder = files(__package__)
    style = folder.joinpath("report.css").read_text(encoding="utf-8")
    template = Template(folder.joinpath("report.html").read_text(encoding="utf-8"))
    return template.substitute(
        version=__version__,
        style=style,
        style_hash=b64encode(sha256(style.encode()).digest()).decode(),
        title=text(", ".join(sources[:3]) + (f" and {len(sources) - 3} more" if len(sources) > 3 else "")),
        facts=_facts(contents),
        tiles=_tiles(contents),
        training=against(contents.snapshot.models),
        promise=_promise(contents.snapshot.models),
        overview=overview(contents, charts.links),
        episodes=cards(contents) + small_changes(contents),
        performance=performance_charts(contents),
        links=section_links(told),
        sections=render_sections(told, section_charts(contents)),
        signals=charts.render_full(),
        others=charts.render_small(),
        detections=_detections(contents.detections),
        notes=_notes(contents),
    )


def _promise(models: Iterable[ModelSnapshot]) -> str:
    """Return where the promise on false alarms does not hold; nothing where it does."""
    found = "".join(
        f"<li>{text('/'.join(model.key))}: {text(sentence)}" for model in models for sentence in sentences(model)
    )
    return f"<section><h2>False alarms</h2><ul>{found}</ul></section>" if found else ""


def _facts(contents: Contents) -> str:
    """Return the files, period, versions and flags."""
    recorder = contents.recorder
    period = "not known"
    if recorder.first_ts is not None and recorder.last_ts is not None:
        first, last = recorder.first_ts, recorder.last_ts
        period = f"{moment(first)} to {moment(last)} UTC <small>({span(last - first)})</small>"
    versions = ", ".join(
        f"{text(model.key.model)} / {text(model.key.version)} <small>({counted(model.predictions, 'prediction')}"
        + (f", {model.coverage:.1%} of the mature ones with a label" if model.coverage is not None else "")
        + ")</small>"
        for model in contents.snapshot.models
    )
    facts = {
        "Files": ", ".join(f"<code>{text(name)}</code>" for name in contents.sources),
        "Period": period,
        "Model / version": versions or "none",
        "Flags": " ".join(f"<code>{text(flag)}</code>" for flag in contents.flags) or "none: all defaults",
    }
    return "".join(f"<dt>{name}<dd>{fact}" for name, fact in facts.items())


def _tiles(contents: Contents) -> str:
    counters, join, reasons = contents.snapshot.counters, contents.snapshot.join, rejected(contents.snapshot)
    seldom = {
        "duplicates": duplicates(join),
        "in the maturity buffer": join.waiting_outcomes,
        "waiting for a label": join.waiting_predictions,
        "expired": join.expired_predictions,
    }
    tiles = {
        "predictions": counters.predictions,
        "labels": counters.labels,
        "outcomes": join.applied_predictions,
        **{name: count for name, count in seldom.items() if count},
        "rejected": sum(reasons.values()),
        "detections": len(contents.detections),
        "episodes": len(contents.episodes),
    }
    body = "".join(
        f'<div class=tile><b><data value="{value}">{value:,}</data></b>{name}</div>' for name, value in tiles.items()
    )
    told = ", ".join(f"{text(reason)} {count:,}" for reason, count in reasons.items())
    return body + (f"<p class=note>Rejected: {told}</p>" if told else "")


def _detections(detections: Sequence[Detection]) -> str:
    if not detections:
        return "<p class=empty>None.</p>"
    cells = "".join(f"<th class=number>{name}" if name in _NUMERIC else f"<th>{name}" for name in _HEAD)
    rows = "".join(_detection(detection) for detection in detections[:MAX_DETECTIONS])
    rest = len(detections) - MAX_DETECTIONS
    more = f"<p class=note>And {rest:,} more, which --json has.</p>" if rest > 0 else ""
    return f"<div class=wide><table id=all-detections><tr>{cells}{rows}</table></div>{more}"


def _detection(detection: Detection) -> str:
    category = f" <q>{text(detection.category)}</q>" if detection.category is not None else ""
    changed = ""
    if detection.changed_index is not None:
        changed = moment(detection.changed_ts) or f"prediction {detection.changed_index:,}"
    return (
        f'<tr data-detection="{detection.id}"><td>{moment(detection.ts)}'
        f'<td class=number><data value="{detection.index}">{detection.index:,}</data><td>{changed}'
        f"<td>{text(detection.model)} / {text(detection.version)}<td><code>{text(detection.signal)}</code>{category}"
        f"<td>{text(detection.detector)}<td class=number>{level_of(detection, detection.before)}"
        f"<td class=number>{level_of(detection, detection.after)}<td class=number>{exact(detection.effect, 3)}"
    )


def _notes(contents: Contents) -> str:
    """Return notes on the axis, the resolution, and timelines that were left out."""
    recorder, base = contents.recorder, contents.base
    notes = [
        f"The axis counts predictions, because {base.why_not}." if base.why_not else "All times are in UTC.",
        f"The recording has {counted(-(-recorder.end // recorder.width), 'bin')} of "
        f"{counted(recorder.width, 'prediction')} each; a line has at most 300 points.",
        "All values are shown at the prediction that they belong to, including errors and performance, for which "
        "labels may have arrived much later.",
        "An effect is the size of a change in standard deviations; for a share it is Cohen's h. 0.2 is small, "
        "0.8 large.",
        "The small charts have the same axis as the large ones.",
        "The band of a number is the mean of percentiles that were each computed over a few hundred values.",
    ]
    if recorder.left_out:
        notes.append(
            f"{len(recorder.left_out):,} timelines were left out: at most {MAX_SIGNALS:,} signals and "
            f"{MAX_DISTANCES:,} distances have one. Their detections are in the table."
        )
    return "".join(f"<li>{note}" for note in _lines(notes))


def _lines(notes: Iterable[str]) -> Iterable[str]:
    return (text(note) for note in notes)
