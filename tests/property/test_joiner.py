"""The joiner against a naive one, in any interleaving of events, checkpoints, restarts and revocations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import chain, product
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stream_monitor.core.events import Label, ModelVersion, Outcome, Prediction
from stream_monitor.core.records import TopicPartition
from stream_monitor.join.batch_join import BatchJoin
from stream_monitor.join.block_map import BlockMap
from stream_monitor.join.expiry import Expiry
from stream_monitor.join.fifo import Fifo
from stream_monitor.join.joiner import Joiner
from stream_monitor.join.row_table import RowTable
from stream_monitor.join.time_queue import TimeQueue
from stream_monitor.state.key_value_store import MemoryStore
from tests.examples import examples
from tests.property import joiner_driver as driver
from tests.property.joiner_batches import BatchDriver
from tests.property.joiner_replay import Replay

TARGETS = ("yes", "no", "", 0, 1, 1.5, True)
INLINE = (None, None, None, None, None, "yes", 0)
#: Steps of time; the longest are jumps of stream time.
USUAL = (*[0.0] * 5, *[1.0] * 4, 2.0, 2.0, 5.0, 20.0, 90.0, None, -1.0, -1.0, -3.0, -15.0, -100.0)
SECONDS = st.sampled_from((*USUAL, *USUAL, *USUAL, 9e4, -9e4, -9e4, 2e5))
#: Settings that a restart may bring.
CHANGES: list[dict[str, Any]] = [
    {"ttl": 5.0, "early_ttl": None},
    {"ttl": 200.0, "label_updates": "last"},
    {"max_waiting": 2, "max_labelled": 1},
]


def _steps(
    ids: Sequence[str], versions: Sequence[str], partitions: Sequence[TopicPartition], events: int = 2
) -> st.SearchStrategy[list[driver.Step]]:
    """Return a strategy of any steps; related values are drawn together, which is faster.

    Of each kind of event there are ``events`` times as many as of all other steps.
    """
    keys = [ModelVersion(*key) for key in product("mn", versions)]
    narrowings = [(None, None)] * 4 + list(product((None, "m", "n"), (None, *versions)))
    predict = st.builds(
        lambda what, y_true, step, where: driver.Predict(*what, y_true, step, *where),
        st.sampled_from(list(product(ids, keys))),
        st.sampled_from(INLINE),
        SECONDS,
        st.sampled_from(list(product(partitions, (False, False, False, True)))),
    )
    tell = st.builds(
        lambda what, narrowing, step, where: driver.Tell(*what, *narrowing, step, *where),
        st.sampled_from(list(product(ids, TARGETS))),
        st.sampled_from(narrowings),
        SECONDS,
        st.sampled_from(list(product(partitions, (False, False, False, True)))),
    )
    others = st.sampled_from(
        (
            *[driver.Take()] * 3,
            *[driver.Save()] * 3,
            *[driver.Restart(True, changed) for changed in ({}, *CHANGES)],
            driver.Restart(False, {}),
            *[driver.Revoke([partition]) for partition in partitions],
            *[driver.Restoring(some) for some in ([], [], list(partitions[:1]), list(partitions[1:]))],
            driver.CatchUp(2),
            *[driver.Prefetch(some) for some in (list(ids), list(ids[1:]))],
        )
    )
    # Lists of lists, because hypothesis draws short ones.
    some = st.lists(st.one_of(others, *[predict] * events, *[tell] * events), min_size=1, max_size=20)
    return st.lists(some, min_size=4, max_size=20).map(lambda parts: list(chain(*parts)))


#: Few ids that meet often; many, of which some begin alike, or with what a table's keys might stumble over.
STEPS = st.one_of(
    _steps("abc", "1", (("p", 0), ("p", 1))),
    _steps("a", "12", (("p", 0), ("p", 1))),
    _steps(("a", "b", "ab", "a\0", "é", "a:1", "0"), ("1", "2", "12", ""), (("p", 0), ("p", 1), ("p", 11), ("q", 1))),
)
BOUNDS = st.one_of(st.just(1_000_000), st.integers(1, 5), st.integers(6, 20))
SETTINGS = st.fixed_dictionaries(
    {
        "max_waiting": BOUNDS,
        "max_labelled": BOUNDS,
        "ttl": st.sampled_from((3.0, 20.0, 100.0, 1e5, 3e5)),
        "early_ttl": st.sampled_from((None, 0.0, 4.0, 1e5, 3e5)),
        "maturity": st.sampled_from((0.0, 1.0, 6.0, 40.0, 1e5)),
        "label_updates": st.sampled_from(("first", "last")),
    }
)
STARTS = st.sampled_from((100.0, 0.0, -50.0, 1.8e9))
#: The most rows in memory after a checkpoint: little enough that some are in the store alone.
MOST_ROWS = st.sampled_from((0, 1, 8, 20_000))
#: How much the queues keep at once: little enough that a few events go to the table.
CHUNKS, NEARS = st.sampled_from((1, 2, 3, 4096)), st.sampled_from((1, 2, 4, 50_000))


#: Ids that seldom meet, so that many events can be taken at once.
MANY_IDS = st.one_of(
    _steps([f"r-{at}" for at in range(60)], "1", (("p", 0), ("p", 1)), events=10),
    _steps([f"r-{at}" for at in range(12)], "1", (("p", 0),), events=20),
)
#: Sizes of the batches that follow each other.
SIZES = st.lists(st.sampled_from((1, 2, 3, 7, 20, 100)), min_size=1, max_size=3)


def _compare(
    store: driver.Store,
    steps: list[driver.Step],
    start: float,
    chosen: Any,
    chunk: int,
    near: int,
    sizes: Sequence[int] = (),
    rows: int = 20_000,
) -> None:
    with ExitStack() as stack:
        stack.enter_context(patch.multiple(RowTable, ROW_BYTES=1 << 30, MIN_ROWS=rows, MAX_READ=5))
        stack.enter_context(patch.object(BlockMap, "MIN_BLOCKS", 0))
        stack.callback(store.close)
        stack.enter_context(patch.object(Fifo, "CHUNK_SIZE", chunk))
        stack.enter_context(patch.object(TimeQueue, "MAX_NEAR", near))
        run = BatchDriver(store, start, sizes, **chosen) if sizes else driver.Driver(store, start, **chosen)
        run.run(steps)
        run.finish()


@pytest.fixture(autouse=True, scope="module")
def _all_at_once() -> Iterator[None]:
    """Make the joiner do all that is due at each event, as the naive one does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Expiry, "MAX_PER_EVENT", 1 << 30)
        yield


@given(st.booleans(), STEPS, STARTS, SETTINGS, CHUNKS, NEARS, MOST_ROWS)
@settings(max_examples=examples(800), deadline=None, suppress_health_check=list(HealthCheck))
def test_in_memory_it_is_what_the_naive_one_does(
    spills: bool, steps: list[driver.Step], start: float, chosen: Any, chunk: int, near: int, rows: int
) -> None:
    _compare(driver.InMemory(spills), steps, start, chosen, chunk, near, rows=rows)


@given(
    st.booleans(),
    st.one_of(STEPS, MANY_IDS),
    STARTS,
    SETTINGS,
    CHUNKS,
    NEARS,
    SIZES,
    st.sampled_from((1, 2, 5)),
    MOST_ROWS,
)
@settings(max_examples=examples(1000), deadline=None, suppress_health_check=list(HealthCheck))
def test_in_batches_it_is_what_the_naive_one_does(
    spills: bool,
    steps: list[driver.Step],
    start: float,
    chosen: Any,
    chunk: int,
    near: int,
    sizes: list[int],
    min_run: int,
    rows: int,
) -> None:
    with patch.object(BatchJoin, "MIN_RUN", min_run):
        _compare(driver.InMemory(spills), steps, start, chosen, chunk, near, sizes, rows)


@given(MANY_IDS, STARTS, SETTINGS, CHUNKS, NEARS, SIZES, MOST_ROWS)
@settings(max_examples=examples(80), deadline=None, suppress_health_check=list(HealthCheck))
def test_in_batches_over_checkpoints_it_is_what_the_naive_one_does(
    steps: list[driver.Step], start: float, chosen: Any, chunk: int, near: int, sizes: list[int], rows: int
) -> None:
    with patch.object(BatchJoin, "MIN_RUN", 1):
        _compare(driver.OnDisk(), steps, start, chosen, chunk, near, sizes, rows)


@given(STEPS, STARTS, SETTINGS, CHUNKS, NEARS, MOST_ROWS)
@settings(max_examples=examples(80), deadline=None, suppress_health_check=list(HealthCheck))
def test_over_checkpoints_it_is_what_the_naive_one_does(
    steps: list[driver.Step], start: float, chosen: Any, chunk: int, near: int, rows: int
) -> None:
    _compare(driver.OnDisk(), steps, start, chosen, chunk, near, rows=rows)


@given(STEPS, STARTS, SETTINGS, CHUNKS, NEARS, st.integers(1, 4))
@settings(max_examples=examples(200), deadline=None, suppress_health_check=list(HealthCheck))
def test_behind_with_its_work_it_goes_on_after_a_restart_as_if_nothing_had_been(
    steps: list[driver.Step], start: float, chosen: Any, chunk: int, near: int, at_once: int
) -> None:
    with (
        patch.object(Fifo, "CHUNK_SIZE", chunk),
        patch.object(TimeQueue, "MAX_NEAR", near),
        patch.object(Expiry, "MAX_PER_EVENT", at_once),
        patch.multiple(RowTable, ROW_BYTES=1 << 30, MIN_ROWS=at_once, MAX_READ=5),
    ):
        played = Replay(steps, start, **chosen)
        assert played.answers(driver.InMemory(True), restarts=True) == played.answers(driver.InMemory(False))


def _prediction(identity: str, ts: float | None = None, version: str = "1") -> Prediction:
    return Prediction(identity, ts, ModelVersion("m", version), "yes", {})


def _outcomes(prediction: Prediction, label: Label) -> list[Outcome]:
    joiner = Joiner(MemoryStore())
    joiner.events.predict(prediction, 0)
    joiner.events.label(label)
    return joiner.take_outcomes()


def test_what_has_waited_exactly_so_long_still_waits() -> None:
    joiner = Joiner(MemoryStore(), ttl=10.0)
    for index, ts in enumerate((100.0, 105.0, 115.0)):
        joiner.events.predict(_prediction(str(ts), ts), index)
    assert (joiner.ledger.expired_predictions, joiner.waiting_predictions) == (1, 2)


def test_a_label_older_than_its_prediction_has_no_negative_delay() -> None:
    assert _outcomes(_prediction("a", 100.0), Label("a", 90.0, "yes"))[0].delay == 0.0


@pytest.mark.parametrize("times", [(None, 5.0), (5.0, None), (None, None)])
def test_without_a_time_there_is_no_delay(times: tuple[float | None, float | None]) -> None:
    assert _outcomes(_prediction("a", times[0]), Label("a", times[1], "yes"))[0].delay is None


def test_the_newest_of_very_many_versions_of_one_id_are_told_apart() -> None:
    joiner = Joiner(MemoryStore())
    predictions = [_prediction("a", 1.0, str(version)) for version in range(250)]
    assert all(joiner.events.predict(prediction, 0) for prediction in predictions)
    joiner.events.label(Label("a", 2.0, "yes"))
    assert len(joiner.take_outcomes()) == len(predictions)
    assert not any(joiner.events.predict(prediction, 0) for prediction in predictions[-100:])
    assert joiner.events.predict(predictions[0], 0)


VERY_MANY = [str(version) for version in range(103)]
FROM_EACH: list[list[driver.Step]] = [
    [driver.Tell("a", "yes", None, version, 1.0, ("p", 0), False) for version in VERY_MANY],
    [driver.Predict("a", ModelVersion("m", version), None, 1.0, ("p", 0), False) for version in VERY_MANY],
    [driver.Predict("a", ModelVersion("n", version), None, 1.0, ("p", 0), False) for version in VERY_MANY],
]


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (1, 2, 0), (0, 1, 1, 0)])
@pytest.mark.parametrize("chosen", [{}, {"maturity": 10.0}, {"max_waiting": 101, "max_labelled": 1}])
def test_of_very_much_under_one_id_the_oldest_goes_first(order: Sequence[int], chosen: dict[str, Any]) -> None:
    _compare(driver.InMemory(False), [step for at in order for step in FROM_EACH[at]], 0.0, chosen, 3, 4)


def test_buffered_outcomes_come_in_order_of_their_predictions_times() -> None:
    joiner = Joiner(MemoryStore(), maturity=10.0)
    for ts in (5.0, 3.0, 4.0):
        joiner.events.predict(_prediction(str(ts), ts)._replace(y_true="yes"), 0)
    joiner.events.label(Label("b", 14.0, "yes"))
    assert [outcome.ts for outcome in joiner.take_outcomes()] == [3.0, 4.0]
    assert joiner.waiting_outcomes == 1


def test_buffered_outcomes_keep_their_order_when_more_is_due_than_an_event_releases() -> None:
    joiner = Joiner(MemoryStore(), maturity=10.0)
    with patch.object(Expiry, "MAX_PER_EVENT", 2):
        for at, ts in enumerate((0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 2.0)):
            joiner.events.predict(_prediction(str(at), ts)._replace(y_true="yes"), at)
        joiner.events.predict(_prediction("late", -5.0), 7)
        joiner.events.label(Label("late", 10.0, "yes"))
        given = [outcome.index for outcome in joiner.take_outcomes()]
        assert given == [0, 1]
        driver.catch_up(joiner, 1)
        given = [outcome.index for outcome in joiner.take_outcomes()]
        assert (given, joiner.waiting_outcomes) == ([7, 2, 3], 3)


def test_what_has_met_leaves_nothing_but_what_is_remembered() -> None:
    table = MemoryStore()
    with patch.object(Fifo, "CHUNK_SIZE", 3), patch.object(TimeQueue, "MAX_NEAR", 4):
        joiner = Joiner(table, maturity=5.0, max_labelled=4)
        joiner.events.predict(_prediction("waits all the time", 0.0), 0)
        joiner.events.label(Label("waits as well", 0.0, "yes"))
        for ts in map(float, range(300)):
            joiner.events.predict(_prediction(f"alone {ts}", ts), 0)
            joiner.events.label(Label(f"alone {ts}", ts, "yes"))
            joiner.events.predict(_prediction(f"twice {ts}", ts), 0)
            joiner.events.predict(_prediction(f"twice {ts}", ts, "2"), 0)
            joiner.events.label(Label(f"twice {ts}", ts, "yes"))
            joiner.events.label(Label(f"early {ts}", ts, "yes"))
            joiner.events.predict(_prediction(f"early {ts}", ts), 0)
    assert (joiner.waiting_predictions, joiner.waiting_labels, joiner.waiting_outcomes) == (1, 1, 20)
    assert len(table.scan(driver.FIRST, driver.LAST, 10_000)) < 40
