"""Charts of a performance that is undefined for a part of the recording, or for all of it."""

from __future__ import annotations

import re
from pathlib import Path

from stream_monitor.report.chart import RIGHT, WIDTH
from tests.unit.report.parsed_page import report

ROWS = 3_000


def _r2(directory: Path, constant_from: int) -> str:
    """Return the figure of R2 where the target is constant from a row on; empty if there is none."""
    rows = [
        {"id": i, "prediction": float(i % 7), "label": float(i % 5) if i < constant_from else 2.0}
        for i in range(ROWS)
    ]
    page, _ = report(directory, rows, "--task", "regression")
    found = re.search(r'<figure data-performance="r2">.*?</figure>', page.html, re.DOTALL)
    return found.group() if found else ""


def test_cumulative_r2_goes_on_while_the_rolling_one_is_undefined(tmp_path: Path) -> None:
    path = re.search(r'<path class="cumulative" d="([^"]*)"', _r2(tmp_path, 1_000))
    assert path
    assert float(path[1].split()[-1].split(",")[0]) == WIDTH - RIGHT


def test_r2_of_a_constant_target_has_no_chart(tmp_path: Path) -> None:
    assert _r2(tmp_path, 0) == ""
