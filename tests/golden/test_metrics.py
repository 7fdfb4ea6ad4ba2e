"""The names, kinds and labels of all metrics, on which dashboards and alert rules elsewhere rely.

A change here breaks somebody's dashboard. To accept one: ``python -m tests.golden.test_metrics``.
"""

from __future__ import annotations

from pathlib import Path

from stream_monitor.server.catalog import CATALOG

GOLDEN = Path(__file__).with_name("metrics.txt")


def _lines() -> str:
    return "".join(f"{m.kind} {m.name}{{{','.join(m.label_names)}}}\n" for m in sorted(CATALOG))


def test_metrics_are_those_of_the_golden_list() -> None:
    assert _lines() == GOLDEN.read_text()


if __name__ == "__main__":
    GOLDEN.write_text(_lines())
