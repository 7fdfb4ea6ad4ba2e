"""Charts over time that stand at the end of a section."""

from __future__ import annotations

from collections.abc import Iterator

from stream_monitor.core.events import ModelVersion
from stream_monitor.report.chart import chart
from stream_monitor.report.contents import Contents
from stream_monitor.report.signal_charts import signal_lines
from stream_monitor.sections.html import text

#: The maximum number of model versions with a chart.
MAX_VERSIONS = 10
_INVALID = "predictions that break the input contract"


def section_charts(contents: Contents) -> dict[str, str]:
    """Return the charts of each section, by its name."""
    return {"contract": "".join(_invalid(contents))}


def _invalid(contents: Contents) -> Iterator[str]:
    """Yield a chart of the predictions that break the contract for each version that has any."""
    broken = [model.key for model in contents.snapshot.models if model.invalid]
    for key in broken[:MAX_VERSIONS]:
        if (key, "invalid") in contents.signals:
            yield _figure(contents, key)


def _figure(contents: Contents, key: ModelVersion) -> str:
    lines, bounds, caption, _ = signal_lines(contents, (key, "invalid"))
    picture = chart(contents.base, lines, (), f"{_INVALID}: {caption}", bounds)
    version = f" <small>{text(contents.named(key))}</small>" if contents.named(key) else ""
    return (
        f"<figure><figcaption><b>{_INVALID}</b>{version} <span>{text(caption)}</span></figcaption>"
        f"<div class=wide>{picture}</div></figure>"
    )
