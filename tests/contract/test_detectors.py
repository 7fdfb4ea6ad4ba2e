"""What every detector keeps to. A new one is found by itself: through the union in `stream_monitor.detectors`."""

from __future__ import annotations

import doctest
import importlib
import inspect
import json
import math
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from stream_monitor import detectors
from stream_monitor.detectors import KINDS, Detector
from stream_monitor.detectors.describe import describe
from stream_monitor.detectors.spec import DEFAULT_SPECS, parse_spec
from tests.streams import configs, cut, cuts, feed, river_class, river_defaults, river_indices, streams

every_kind = pytest.mark.parametrize("kind", sorted(KINDS))


def _camel(kind: str) -> str:
    return "".join(word.capitalize() for word in kind.split("_"))


def _module(kind: str) -> ModuleType:
    return importlib.import_module(f"stream_monitor.detectors.{kind}")


def _as_stored(state: Any) -> Any:
    """A state as it comes back from a store of JSON, which has no infinity."""
    return json.loads(json.dumps(state, allow_nan=False))


def test_this_contract_covers_the_detectors_of_this_issue() -> None:
    assert {"adwin", "page_hinkley"} <= set(KINDS)


def test_the_default_watches_every_signal_with_adwin_and_page_hinkley() -> None:
    assert [(spec.signal, spec.kind) for spec in DEFAULT_SPECS] == [("*", "adwin"), ("*", "page_hinkley")]


def test_every_file_with_a_config_is_in_the_union() -> None:
    """One line adds a detector; this finds the one that was forgotten."""
    package = set(detectors.__loader__.get_resource_reader("stream_monitor.detectors").contents())  # type: ignore[union-attr]
    files = {name.removesuffix(".py") for name in package if name.endswith(".py")}
    assert files - {"__init__", "base", "describe", "spec"} == set(KINDS)


@every_kind
def test_one_stem_names_file_class_config_and_kind(kind: str) -> None:
    module = _module(kind)
    assert module.__name__ == KINDS[kind].__module__
    assert KINDS[kind].__name__ == f"{_camel(kind)}Config"
    assert type(KINDS[kind]().make()) is getattr(module, _camel(kind))
    assert KINDS[kind]().kind == kind  # type: ignore[attr-defined]


@every_kind
def test_documentation_is_there(kind: str) -> None:
    module = _module(kind)
    assert module.__doc__
    assert len((KINDS[kind].__doc__ or "").splitlines()) == 1
    assert all(parameter.description and parameter.allowed for parameter in describe(KINDS[kind]))
    assert "Source:" in inspect.getdoc(getattr(module, _camel(kind)))  # type: ignore[operator]


@every_kind
def test_the_example_in_the_docstring_runs(kind: str) -> None:
    results = doctest.testmod(_module(kind))
    assert (results.failed, results.attempted > 0) == (0, True)


@every_kind
def test_defaults_are_rivers(kind: str) -> None:
    if river_class(kind) is None:
        pytest.skip(f"river has no {kind}")
    fields = KINDS[kind].model_fields
    assert {name: field.default for name, field in fields.items() if name != "kind"} == river_defaults(kind)


@every_kind
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_indices_are_rivers_however_the_stream_is_cut(kind: str, data: st.DataObject) -> None:
    if river_class(kind) is None:
        pytest.skip(f"river has no {kind}")
    config, values = data.draw(configs(kind)), data.draw(streams())
    found = feed(config.make(), cut(values, data.draw(cuts())))
    assert [change.index for change in found] == river_indices(config, values)


@every_kind
def test_a_config_is_frozen_and_knows_its_parameters(kind: str) -> None:
    config = KINDS[kind]()
    with pytest.raises(ValidationError, match="frozen"):
        config.kind = "other"  # type: ignore[attr-defined]
    with pytest.raises(ValidationError, match="Extra inputs"):
        KINDS[kind](nonsense=1)


@every_kind
def test_numbers_out_of_range_are_refused(kind: str) -> None:
    for name, field in KINDS[kind].model_fields.items():
        if field.annotation in (int, float):
            for wrong in (-1, "nan", "inf", "x"):
                with pytest.raises(ValueError, match=f"{kind}.{name}"):
                    parse_spec(f"{kind}:{name}={wrong}")


@every_kind
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_changes_do_not_depend_on_the_cuts(kind: str, data: st.DataObject) -> None:
    config, values = data.draw(configs(kind)), data.draw(streams())
    whole = feed(config.make(), [values])
    pieces = feed(config.make(), cut(values, data.draw(cuts())))
    assert [change.index for change in pieces] == [change.index for change in whole]
    np.testing.assert_allclose([c[1:4] for c in pieces], [c[1:4] for c in whole], rtol=1e-9, atol=1e-9)


@every_kind
def test_single_values_give_what_the_whole_gives(kind: str) -> None:
    values = np.random.default_rng(5).normal(size=1500) + np.repeat([0.0, 4.0, 1.0], 500)
    one_by_one = feed(KINDS[kind]().make(), [np.array([value]) for value in values])
    assert [c.index for c in one_by_one] == [c.index for c in KINDS[kind]().make().update_many(values)]


@every_kind
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_a_restored_detector_goes_on_as_if_nothing_had_been(kind: str, data: st.DataObject) -> None:
    config, values = data.draw(configs(kind)), data.draw(streams())
    first, second = cut(values, [data.draw(st.floats(0, 1))])
    detector: Detector = config.make()
    detector.update_many(first)
    other = config.make()
    other.update_many(data.draw(streams(segments=1, longest=200)))
    other.restore(_as_stored(detector.state()))
    assert other.update_many(second) == detector.update_many(second)
    assert other.state() == detector.state()


@every_kind
def test_a_state_is_plain(kind: str) -> None:
    detector = KINDS[kind]().make()
    detector.update_many(np.random.default_rng(1).normal(size=100))
    assert _as_stored(detector.state())


@every_kind
def test_a_state_does_not_change_when_its_detector_goes_on(kind: str) -> None:
    detector = KINDS[kind]().make()
    detector.update_many(np.arange(10.0))
    state = detector.state()
    kept = _as_stored(state)
    detector.update_many(np.arange(50.0))
    assert _as_stored(state) == kept


@every_kind
def test_an_empty_column_changes_nothing(kind: str) -> None:
    detector = KINDS[kind]().make()
    detector.update_many(np.arange(10.0))
    before = detector.state()
    assert detector.update_many(np.empty(0)) == []
    assert detector.state() == before


@every_kind
def test_the_column_is_left_as_it_was(kind: str) -> None:
    values = np.random.default_rng(3).normal(size=500)
    kept = values.copy()
    KINDS[kind]().make().update_many(values)
    np.testing.assert_array_equal(values, kept)


@every_kind
@pytest.mark.parametrize(("low", "high"), [(0.0, 4.0), (4.0, 0.0), (-3.0, 2.0)])
def test_a_shift_is_found_once_with_sensible_means(kind: str, low: float, high: float) -> None:
    values = np.random.default_rng(7).normal(scale=0.5, size=4000) + np.repeat([low, high], 2000)
    changes = KINDS[kind]().make().update_many(values)
    assert [2000 <= change.index < 2200 for change in changes] == [True]
    assert math.isclose(changes[0].before, low, abs_tol=0.4)
    assert (changes[0].after - changes[0].before) * (high - low) > 0


@every_kind
def test_means_are_finite_and_indices_rise(kind: str) -> None:
    values = np.random.default_rng(9).normal(size=6000) + np.repeat([0.0, 5.0, -5.0, 900.0, -900.0, 0.0], 1000)
    changes = KINDS[kind]().make().update_many(values)
    assert len(changes) >= 4
    assert [c.index for c in changes] == sorted({c.index for c in changes})
    assert all(math.isfinite(c.before) and math.isfinite(c.after) for c in changes)


@every_kind
def test_a_constant_stream_never_drifts(kind: str) -> None:
    assert KINDS[kind]().make().update_many(np.full(20_000, 0.7)) == []
