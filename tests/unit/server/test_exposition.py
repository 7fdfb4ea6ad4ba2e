"""The text of ``/metrics`` is byte for byte that of prometheus_client, in each of its formats."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from stream_monitor.pipeline.snapshot import Snapshot
from stream_monitor.pipeline.take_snapshot import SnapshotTaker
from stream_monitor.server import exposition as module
from stream_monitor.server.catalog import CATALOG
from stream_monitor.server.exposition import Exposition, numbers
from stream_monitor.server.samples import Sample, samples
from stream_monitor.testing import make_prediction
from tests.examples import examples
from tests.harness import run
from tests.unit.server import serving
from tests.unit.server.serving import busy_pipeline, families_of

ACCEPTS = (
    "",
    "text/plain;version=0.0.4",
    "text/plain;version=1.0.0;escaping=allow-utf-8",
    "application/openmetrics-text",
    "application/openmetrics-text;version=1.0.0;escaping=underscores",
    "application/openmetrics-text;version=1.0.0;escaping=dots",
    "application/openmetrics-text;version=1.0.0;escaping=values",
)
#: One for all, as a server has it: what it keeps of a snapshot must not show in the next one.
EXPOSITION = Exposition()
TEXTS = st.text(max_size=4) | st.sampled_from(['a"b\\c\nd é', "", "100%", "%s", "0", "{}", "# HELP "])
#: Go writes large numbers in another way than Python does.
NUMBERS = (
    st.integers(0, 2**70)
    | st.floats()
    | st.sampled_from(
        [0.0, 999999.9999999999, 1000000, -math.inf, math.inf, -0.0, 1e6, 123456789.0, -1e9, 1e21, math.nan]
    )
)


class Given(Collector):
    """Families that are given."""

    def __init__(self, families: Iterable[Family]) -> None:
        self._families = families

    def collect(self) -> Iterable[Family]:
        return self._families


@st.composite
def any_samples(draw: st.DrawFn) -> list[Sample]:
    scalars = [metric for metric in CATALOG if metric.kind != "histogram"]
    metrics = draw(st.lists(st.sampled_from(scalars), max_size=8))
    return [(metric, tuple(draw(TEXTS) for _ in metric.label_names), draw(NUMBERS)) for metric in metrics]


@cache
def snapshot() -> Snapshot:
    return SnapshotTaker(busy_pipeline()).take()


def expected(shown: Snapshot, accept: str) -> bytes:
    encode, _ = choose_encoder(accept)
    return encode(Given(families_of(shown))).removesuffix(b"# EOF\n")


@pytest.mark.parametrize("accept", ACCEPTS)
def test_a_snapshot_is_written_as_prometheus_client_writes_it(accept: str) -> None:
    assert EXPOSITION.text(snapshot(), choose_encoder(accept)[0]) == expected(snapshot(), accept)


def test_names_are_escaped() -> None:
    name = 'a"b\\c\nd %s é'
    shown = SnapshotTaker(run([make_prediction(0, model=name, features={name: 1.0})])[0]).take()
    for accept in ACCEPTS:
        assert EXPOSITION.text(shown, choose_encoder(accept)[0]) == expected(shown, accept)


@settings(max_examples=examples(200))
@given(given_samples=any_samples(), accept=st.sampled_from(ACCEPTS))
def test_so_are_any_samples(given_samples: list[Sample], accept: str) -> None:
    def added(shown: Snapshot) -> Iterator[Sample]:
        yield from samples(shown)
        yield from given_samples

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "samples", added)
        patch.setattr(serving, "samples", added)
        assert EXPOSITION.text(snapshot(), choose_encoder(accept)[0]) == expected(snapshot(), accept)


@settings(max_examples=examples(200))
@given(st.lists(NUMBERS | st.floats(1e-5, 1e7)))
def test_numbers_are_written_as_prometheus_client_writes_each(values: list[float]) -> None:
    assert numbers(values) == [floatToGoString(value) for value in values]


def test_labels_are_kept_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    escaped = module._escaped
    monkeypatch.setattr(module, "_escaped", lambda value: made.append(value) or escaped(value))
    one, encode = Exposition(), choose_encoder("")[0]
    counts = []
    for bound in (module.MAX_LABELS, module.MAX_LABELS, 0):
        monkeypatch.setattr(module, "MAX_LABELS", bound)
        assert one.text(snapshot(), encode) == expected(snapshot(), "")
        counts.append(len(made))
    assert 0 < counts[0] == counts[1] == counts[2] / 2
