"""Records that are decoded by columns, and those that are left to the codec."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from stream_monitor.core.batch import RecordBatch
from stream_monitor.core.errors import Reason
from stream_monitor.core.records import Record
from stream_monitor.decoding import json_columns
from stream_monitor.decoding.batch_decoder import BatchDecoder
from stream_monitor.decoding.codec import Codec
from stream_monitor.decoding.json_columns import JsonColumns
from stream_monitor.decoding.json_features import DenseFeatures
from stream_monitor.testing import FakeClock, make_label, make_prediction, make_records
from tests.decoded import contents, decode_both_ways


class CountingCodec(Codec):
    """A codec that counts the records that it reads."""

    count = 0

    def decode(self, record: Record) -> Any:
        self.count += 1
        return super().decode(record)


def _late(events: Sequence[Any], batch_size: int = 10_000, **options: Any) -> int:
    """Return the number of records that were left to the codec; both ways agree."""
    records = make_records(events)
    batches = [records[at : at + batch_size] for at in range(0, len(records), batch_size)]
    decode_both_ways(batches, **options)
    codec = CountingCodec(FakeClock(), **options)
    decoder = BatchDecoder(codec)
    for batch in batches:
        decoder.decode(RecordBatch.of(batch))
    return codec.count


def _prediction(at: int, **features: Any) -> dict[str, Any]:
    return make_prediction(at, features=features)


def test_usual_events_are_read_by_columns() -> None:
    plain = [_prediction(at, a=at / 7, b="DE", c=None if at % 5 else 2, d=at % 2 == 0) for at in range(50)]
    rich = [{**one, "score": 0.5, "groups": {"sex": "f"}, "label": "no", "region": "eu"} for one in plain]
    sparse = [_prediction(at, **{f"f{at % 3}": at}) for at in range(50)]
    labels = [make_label(at, "yes", model="m") for at in range(50)]
    mixed = [event for pair in zip(plain, labels, strict=True) for event in pair]
    without = [make_prediction(at, features=None, id=at) for at in range(50)]
    for events in (plain, rich, sparse, labels, mixed, without):
        assert _late(events) == 0
    assert _late(plain, task="regression") == 50  # text, which is no number
    assert _late([{**one, "prediction": 5, "label": 6.5} for one in plain], task="regression") == 0
    assert _late([{**one, "label": "no"} for one in mixed], label_topics=["inference"]) == 0


def _mapped(at: int) -> dict[str, Any]:
    return {
        "request": {"id": f"r-{at}", "user": {"age": at, "country": "DE"}, "trace": [1, 2]},
        "response": {"class": "yes", "p": 0.5},
        "when": 1_795_435_200 + at,
        "inputs": {"a": at / 7, "b": "x", "c": None if at % 5 else 2},
        "region": "eu",
    }


NESTED = {"id": "request.id", "prediction": "response.class", "score": "response.p", "ts": "when"}


@pytest.mark.parametrize(
    ("fields", "event"),
    [
        (NESTED, {}),
        ({**NESTED, "features": "inputs", "group:region": "region"}, {}),
        (
            {
                **NESTED,
                "features": "inputs",
                "feature:age": "request.user.age",
                "feature:land": "request.user.country",
            },
            {},
        ),
        ({**NESTED, "feature:age": "request.user.age", "feature:key": "@key", "version": "@header.v"}, {}),
        ({**NESTED, "prediction": "prediction.class"}, {"prediction": {"class": "no"}}),
        ({**NESTED, "prediction": "y", "features": "@rest"}, {"y": 1, "inputs": 5, "b": "x"}),
        ({"id": "request.id", "prediction": "y.class"}, {"y.class": "no", "groups": {"g": 1}}),
    ],
)
def test_usual_events_of_another_schema_are_read_by_columns(fields: dict[str, str], event: dict[str, Any]) -> None:
    events = [{**_mapped(at), **event} for at in range(50)]
    assert _late(events, 20, fields=fields) == 0
    labels = [{"ref": {"id": f"r-{at}"}, "truth": {"y": "yes"}, "trace": None} for at in range(50)]
    of_labels = {"id": "ref.id", "label": "truth.y"}
    assert _late(labels, 20, fields=fields, label_fields=of_labels, label_topics=["inference"]) == 0
    own = [{"request": {"id": f"r-{at}"}, "label": "no"} for at in range(50)]
    assert _late([*events, *own, *events], 20, fields={**fields, "id": "request.id"}) <= 40


def test_a_batch_whose_first_record_is_bad() -> None:
    good = [_prediction(at, a=1.5) for at in range(50)]
    for bad in (
        b"{",
        None,
        b"[]",
        json.dumps({"id": 1}).encode(),
        b'{"features": {"a": "' + b"x" * 1_000_000 + b'"}}',
    ):
        assert _late([bad, *good, bad]) == 2


def test_one_bad_record_in_ten() -> None:
    for bad in (b"{}", b"{", None):
        assert _late([bad if at % 10 == 0 else _prediction(at, a=1.5) for at in range(2000)]) == 200


def test_a_feature_that_changes_its_type_in_mid_batch_is_as_received_in_all_of_it() -> None:
    """Numbers that were read before it was seen: an integer and a truth value are no floats.

    Only the records with text are left to the codec: of the others, the column is read again by itself.
    """
    events = [_prediction(at, a=at, b=at % 2 == 0, c=1) for at in range(40)]
    events += [_prediction(at, a="x", b="y", c=1) for at in range(40, 50)]
    assert _late([*events[:40], *events[:40], *events, *events], 50) == 10
    decode_both_ways([make_records(events[:40]), make_records(events), make_records(events)])


def test_text_in_an_event_that_the_codec_reads_leaves_the_numbers_of_the_others() -> None:
    """The last one has no prediction in its schema: it is a label, whose features nobody reads."""
    known = {"id": "r", "features": {"a": 0.5, "c": "DE"}, "prediction": "yes", "label": "yes"}
    usual = {**known, "features": {"a": 0.5, "c": 0.5}}
    label = {"id": "r", "label": "yes", "a": 0.5, "c": "DE", "features": {"y": None}}
    values = [[label], [known], [usual, label]]
    batches = [[Record("t", 0, json.dumps(each).encode(), 0) for each in batch] for batch in values]
    decode_both_ways(batches, fields={"features": "@rest", "prediction": "features.y"})


def test_numbers_of_a_category_are_as_received() -> None:
    events = [_prediction(at, a=at % 3, b=at % 2 == 0, c=at) for at in range(20)]
    decode_both_ways([make_records(events)] * 2, lambda name: name != "c")


def test_a_new_feature_is_known_from_the_next_batch_on() -> None:
    old, new = [_prediction(at, a=1) for at in range(50)], [_prediction(at, a=1, b=2) for at in range(50)]
    assert _late([*old, *new, *old, *new], 50) == 50


def test_many_shapes_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Mapping[str, bool]] = []

    class Counted(DenseFeatures):
        def __init__(self, features: Mapping[str, bool], *rest: Any) -> None:
            made.append(features)
            super().__init__(features, *rest)

    monkeypatch.setattr(json_columns, "DenseFeatures", Counted)
    for events_of_a_shape in (1, 4, 150):
        names = [[f"f{at // events_of_a_shape}-{number}" for number in range(20)] for at in range(6000)]
        events = [_prediction(at, **dict.fromkeys(some, at)) for at, some in enumerate(names)]
        _late(events, 400)
    assert len(made) < 3 * (json_columns.MAX_SHAPES_AHEAD + len(events) / json_columns.RECORDS_PER_SHAPE)
    assert 20 <= max(map(len, made)) <= json_columns.MAX_FEATURES


def test_features_of_which_each_event_has_few_are_read_by_columns() -> None:
    events = [_prediction(at, **{f"f{at * 7 % 500 + number}": at for number in range(20)}) for at in range(500)]
    assert _late(events, 100) == 0


def test_features_that_are_no_longer_sparse() -> None:
    """The typed decoder reads a dict of features only as long as it must."""
    sparse = [_prediction(at, **{f"f{at * 7 % 500 + number}": at for number in range(20)}) for at in range(500)]
    dense = [_prediction(at, **{f"f{number}": at for number in range(20)}) for at in range(6000)]
    codec = Codec(FakeClock())
    columns = JsonColumns(codec.decoder, codec.max_record_bytes, lambda _: False)
    kinds = []
    for begin in range(0, 6500, 500):
        columns.read(RecordBatch.of(make_records([*sparse, *dense][begin : begin + 500])))
        kinds.append(columns.is_sparse)
    assert kinds[0] and not kinds[-1]


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a\nb", "\ud800"])
def test_a_key_that_no_typed_decoder_can_have(name: str) -> None:
    batch = make_records(json.dumps(_prediction(at, **{name: at})).encode() for at in range(9))
    decode_both_ways([batch, batch])


def test_a_bug_in_decoding_by_columns_costs_speed_only(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any) -> None:
        raise ZeroDivisionError

    batch = RecordBatch.of(make_records([{**_prediction(at, a=1), "ts": "2099-01-01"} for at in range(3)]))
    expected = contents(BatchDecoder(Codec(FakeClock())).decode(batch))
    monkeypatch.setattr(JsonColumns, "read", fail)
    codec = Codec(FakeClock())
    decoder = BatchDecoder(codec)
    with caplog.at_level(logging.ERROR):
        found = [contents(decoder.decode(batch)) for _ in range(2)]
    assert found == [expected, expected]
    assert codec.timestamps_replaced == 6
    assert [record.getMessage() for record in caplog.records] == [
        "error in decoding by columns, a bug; records are decoded one by one from now on; please report it"
    ]


def test_a_bug_in_decoding_one_record_rejects_that_record() -> None:
    class Faulty:
        def decode(self, value: bytes) -> dict[str, Any]:
            return {"id": value.decode(), "prediction": 1 / (value[0] - 48)}

    batch = RecordBatch.of([Record("t", at, text) for at, text in enumerate((b"1", b"0", b"2"))])
    events = BatchDecoder(Codec(FakeClock(), decoder=Faulty())).decode(batch)
    assert list(events.predictions.ids) == ["1", "2"]
    ((at, rejection),) = events.rejections
    assert (at, rejection.reason) == (1, Reason.INTERNAL)
    assert rejection.detail.startswith("ZeroDivisionError while decoding")
