"""The stored form of entries and outcomes: what is encoded comes back, in each of the ways to decode it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stream_monitor.core.events import ModelVersion, Outcome
from stream_monitor.join import entry_codec
from stream_monitor.join.entry import Done, Early, Entry, Known, Labelled, Waiting

NUMBERS, TIMES = st.integers(0, 2**53), st.none() | st.floats(allow_nan=False, allow_infinity=False)
TARGETS = st.sampled_from(["yes", "", "é", 0, 1, 1.5, True, False])
NAMES, SCOPES = st.text(max_size=3), st.none() | st.text(max_size=3)
EPOCHS = st.integers(0, 2)
SCORES = st.none() | st.floats(allow_nan=False, allow_infinity=False)
PROBABILITIES = st.none() | st.dictionaries(NAMES, st.floats(0.0, 1.0), max_size=3)
OUTPUTS = SCORES, PROBABILITIES, st.none() | NAMES
WAITING = st.builds(Waiting, NUMBERS, NUMBERS, NUMBERS, TIMES, TARGETS, NAMES, NAMES, EPOCHS, *OUTPUTS)
EARLY = st.builds(Early, NUMBERS, TIMES, TARGETS, SCOPES, SCOPES, EPOCHS)
LABELLED = st.builds(Labelled, NAMES, NAMES, TARGETS, TIMES, NUMBERS, EPOCHS)
KNOWN = st.builds(Known, TIMES, TARGETS, SCOPES, SCOPES)
DONE = st.builds(Done, NUMBERS, EPOCHS, st.lists(LABELLED, min_size=1, max_size=3), st.lists(KNOWN, max_size=2))
ENTRIES = st.builds(Entry, st.lists(WAITING, max_size=2), st.lists(EARLY, max_size=2), st.none() | DONE)
ALL = {0, 1, 2}


def fields(entry: Entry) -> str:
    """Everything in an entry; as text, because 1, 1.0 and True are equal."""
    return repr((entry.waiting, entry.early, entry.done))


@given(ENTRIES)
def test_an_entry_comes_back(entry: Entry) -> None:
    assert fields(entry_codec.decode(entry_codec.encode(entry), ALL)) == fields(entry)


@given(ENTRIES, st.sets(EPOCHS))
def test_nothing_of_a_revoked_epoch_comes_back(entry: Entry, alive: set[int]) -> None:
    found = entry_codec.decode(entry_codec.encode(entry), alive)
    assert found.waiting == [one for one in entry.waiting if one.epoch in alive]
    assert found.early == [one for one in entry.early if one.epoch in alive]
    labelled = [one for one in entry.done.labelled if one.epoch in alive] if entry.done else []
    assert (found.done.labelled if found.done else []) == labelled
    assert (found.done is None) == (labelled == [])


def test_without_a_stored_form_an_entry_is_empty() -> None:
    assert entry_codec.decode(None, ALL).is_empty


@given(ENTRIES)
def test_the_header_says_what_is_labelled_and_whether_it_is_alone(entry: Entry) -> None:
    header = entry_codec.decode_labelled_header(entry_codec.encode(entry))
    if entry.done is None:
        assert header is None
    else:
        assert header == (entry.done.number, entry.done.epoch, not (entry.waiting or entry.early))


@given(TIMES, TARGETS, TARGETS, TIMES, EPOCHS, TARGETS)
def test_an_outcome_comes_back_also_with_another_target(
    ts: float | None, y_pred: object, y_true: object, delay: float | None, epoch: int, other: object
) -> None:
    outcome = Outcome(ModelVersion("m", "1"), 7, ts, y_pred, y_true, delay)  # type: ignore[arg-type]
    raw = entry_codec.encode_outcome(outcome, epoch)
    assert repr(entry_codec.decode_outcome(raw)) == repr((epoch, outcome))
    revised = entry_codec.replace_target(raw, other)  # type: ignore[arg-type]
    assert repr(entry_codec.decode_outcome(revised)) == repr((epoch, outcome._replace(y_true=other)))  # type: ignore[arg-type]
