"""The table that the demo ends with."""

from __future__ import annotations

from stream_monitor.demo.report import MISTAKES, Answer, table

WORDS = "alarm after 3 min: feature:income of version 8: mean 48.1 -> 64.9 " * 4


def test_each_mistake_has_a_row_that_fits_the_width() -> None:
    found = [Answer(mistake, WORDS if mistake != 4 else "") for mistake in MISTAKES]
    for width in (40, 80, 120, 200):
        lines = list(table(found, width))
        assert max(map(len, lines)) <= max(width, 80)
        assert [line[0] for line in lines if line[:2].strip().isdigit()] == list("1234567")
        assert next(line for line in lines if line.endswith("NOTHING")).startswith("4 ")
        told = " ".join(line[64:].strip() for line in lines)
        assert " ".join(WORDS.split()) in " ".join(told.split())
