"""A batch decoded by columns gives the events that the codec gives, record by record."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stream_monitor.core.records import Record
from tests.decoded import decode_both_ways
from tests.examples import examples
from tests.json_records import EVENTS, USUAL, text_of

calm = settings(max_examples=examples(400), deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def records(draw: st.DrawFn) -> Record:
    stamp = draw(st.sampled_from((None, 0, 1_795_435_200_000, 1_795_435_200_000)))
    topic, key = draw(st.sampled_from(("t", "t", "l"))), draw(st.sampled_from((b"k", b"\xff", None)))
    return Record(
        topic,
        draw(st.integers(0, 9)),
        text_of(draw, draw(st.one_of(USUAL, USUAL, EVENTS))),
        stamp,
        key,
        [("v", b"3")],
    )


OPTIONS = st.fixed_dictionaries(
    {
        "task": st.sampled_from(("classification", "regression")),
        "label_topics": st.sampled_from(((), ("l",))),
        "max_record_bytes": st.sampled_from((1 << 20, 150)),
    }
)
BATCHES = st.lists(st.lists(records(), max_size=12), min_size=1, max_size=4)


@given(BATCHES, OPTIONS)
@calm
def test_columns_and_records_give_the_same_events(batches: list[list[Record]], options: dict[str, Any]) -> None:
    decode_both_ways(batches, lambda name: name == "b", **options)
