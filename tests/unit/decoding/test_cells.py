"""Columns of cells against the cells one by one."""

from __future__ import annotations

import math
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from stream_monitor.decoding.cells import TextColumn, read_cells
from stream_monitor.decoding.values import read_cell
from stream_monitor.sources.files import FileSource
from tests.decoded import decode_both_ways

NUMBERS = ("0", "-0", "-0.0", "1.", ".5", "+3", " 2 ", "1e5", "-1E-3", "9007199254740993", "18446744073709551616", "")
MESSY = ("1e999", "nan", "inf", "1_0", "١", "true", "x", ".", "1e", "--1", "1 2", " ", "\u00a01", "0x1")


@given(st.lists(st.sampled_from(NUMBERS)) | st.lists(st.sampled_from(NUMBERS + MESSY)))
def test_numbers_are_those_of_the_cells(cells: list[str]) -> None:
    column = TextColumn(cells)
    texts = [cell.strip() or None for cell in cells]
    values = [read_cell(text) for text in texts]
    assert column.tolist() == texts == [column[at] for at in range(len(cells))]
    assert repr(read_cells(texts)) == repr(values)
    numbers = column.numbers()
    if numbers is not None:
        assert repr(numbers.tolist()) == repr([math.nan if value is None else float(value) for value in values])
    elif cells:
        assert set(cells) - set(NUMBERS)


def test_minus_zero_in_a_file_is_zero(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("id,prediction,a\n1,yes,-0\n2,no,1\n")
    decode_both_ways([FileSource([path]).poll(0)])
