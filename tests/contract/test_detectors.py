"""Requirements on every detector of the union in `stream_monitor.detectors`."""

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
from stream_monitor.core.arrays import Floats
from stream_monitor.detectors import KINDS, Detector, DetectorContext
from stream_monitor.detectors.describe import describe
from stream_monitor.detectors.spec import DEFAULT_SPECS, parse_spec
from tests.examples import examples
from tests.streams import configs, cut, cuts, feed, river_class, river_defaults, river_indices, streams_of

#: What makes those detectors calm enough to count their alarms whose defaults alarm often, or look one way only.
QUIET: dict[str, dict[str, Any]] = {
    "eddm": {"beta": 0.5},
    "fhddm": {"mode": "both"},
    "hddm_a": {"two_sided_test": True},
    "hddm_w": {"two_sided_test": True},
    "kswin": {"alpha": 1e-6},
    "stepd": {"alpha_drift": 1e-5},
}
#: What finds no falls, whatever its parameters.
RISES_ONLY = {"ddm", "eddm"}

every_kind = pytest.mark.parametrize("kind", sorted(KINDS))


def _camel(kind: str) -> str:
    return "".join(word.capitalize() for word in kind.split("_"))


def _module(kind: str) -> ModuleType:
    return importlib.import_module(f"stream_monitor.detectors.{kind}")


def _column(kind: str, seed: int, numbers: list[float], shares: list[float], each: int) -> Floats:
    """Return normal values at these levels; zeros and ones with these shares for a detector that reads no numbers."""
    rng = np.random.default_rng(seed)
    if "number" in KINDS[kind].takes:
        return rng.normal(size=each * len(numbers)) + np.repeat(numbers, each)
    return (rng.random(each * len(shares)) < np.repeat(shares, each)).astype(float)


def _as_stored(state: Any) -> Any:
    """Return a state after a round trip through JSON, which has no infinity."""
    return json.loads(json.dumps(state, allow_nan=False))


def test_this_contract_covers_the_detectors_of_this_issue() -> None:
    assert {"adwin", "page_hinkley"} <= set(KINDS)


def test_the_default_watches_every_signal_with_glr() -> None:
    assert [(spec.signal, spec.kind) for spec in DEFAULT_SPECS] == [("*", "glr")]


def test_every_file_with_a_config_is_in_the_union() -> None:
    """A detector is added by one line, which can be forgotten."""
    package = set(detectors.__loader__.get_resource_reader("stream_monitor.detectors").contents())  # type: ignore[union-attr]
    files = {name.removesuffix(".py") for name in package if name.endswith(".py")}
    assert files - {"__init__", "base", "describe", "glr_windows", "run_length", "scan", "spec"} == set(KINDS)


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
@settings(max_examples=examples(25), deadline=None)
def test_indices_are_rivers_however_the_stream_is_cut(kind: str, data: st.DataObject) -> None:
    if river_class(kind) is None:
        pytest.skip(f"river has no {kind}")
    config, values = data.draw(configs(kind)), data.draw(streams_of(kind))
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
@settings(max_examples=examples(25), deadline=None)
def test_changes_do_not_depend_on_the_cuts(kind: str, data: st.DataObject) -> None:
    config, values = data.draw(configs(kind)), data.draw(streams_of(kind))
    whole = feed(config.make(), [values])
    pieces = feed(config.make(), cut(values, data.draw(cuts())))
    assert [change.index for change in pieces] == [change.index for change in whole]
    np.testing.assert_allclose([c[1:4] for c in pieces], [c[1:4] for c in whole], rtol=1e-9, atol=1e-9)


@every_kind
def test_single_values_give_what_the_whole_gives(kind: str) -> None:
    values = _column(kind, 5, numbers=[0.0, 4.0, 1.0], shares=[0.1, 0.9, 0.3], each=500)
    one_by_one = feed(KINDS[kind]().make(), [np.array([value]) for value in values])
    whole = KINDS[kind]().make().update_many(values)
    assert [c.index for c in one_by_one] == [c.index for c in whole]
    np.testing.assert_allclose([c[1:4] for c in one_by_one], [c[1:4] for c in whole], rtol=1e-9, atol=1e-9)


@every_kind
@given(data=st.data())
@settings(max_examples=examples(25), deadline=None)
def test_a_restored_detector_goes_on_as_if_nothing_had_been(kind: str, data: st.DataObject) -> None:
    config, values = data.draw(configs(kind)), data.draw(streams_of(kind))
    first, second = cut(values, [data.draw(st.floats(0, 1))])
    detector: Detector = config.make()
    detector.update_many(first)
    other = config.make()
    other.update_many(data.draw(streams_of(kind, segments=1, longest=200)))
    other.restore(_as_stored(detector.state()))
    assert other.update_many(second) == detector.update_many(second)
    assert other.state() == detector.state()


@every_kind
def test_a_state_is_plain(kind: str) -> None:
    detector = KINDS[kind]().make()
    detector.update_many(_column(kind, 1, numbers=[0.0], shares=[0.3], each=100))
    assert _as_stored(detector.state())


@every_kind
def test_a_state_does_not_change_when_its_detector_goes_on(kind: str) -> None:
    detector = KINDS[kind]().make()
    values = _column(kind, 2, numbers=[0.0], shares=[0.3], each=200)
    detector.update_many(values[:120])
    state = detector.state()
    kept = _as_stored(state)
    detector.update_many(values[120:])
    assert _as_stored(state) == kept


@every_kind
def test_an_empty_column_changes_nothing(kind: str) -> None:
    detector = KINDS[kind]().make()
    detector.update_many(_column(kind, 4, numbers=[0.0], shares=[0.3], each=10))
    before = detector.state()
    assert detector.update_many(np.empty(0)) == []
    assert detector.state() == before


@every_kind
def test_the_column_is_left_as_it_was(kind: str) -> None:
    values = _column(kind, 3, numbers=[0.0], shares=[0.3], each=500)
    kept = values.copy()
    KINDS[kind]().make().update_many(values)
    np.testing.assert_array_equal(values, kept)


@every_kind
@pytest.mark.parametrize(("low", "high"), [(0.0, 4.0), (4.0, 0.0), (-3.0, 2.0)])
def test_a_shift_is_found_once_with_sensible_means(kind: str, low: float, high: float) -> None:
    if "number" not in KINDS[kind].takes:
        pytest.skip(f"{kind} reads shares only")
    values = np.random.default_rng(7).normal(scale=0.5, size=4000) + np.repeat([low, high], 2000)
    changes = KINDS[kind](**QUIET.get(kind, {})).make().update_many(values)
    assert [2000 <= change.index < 2200 for change in changes] == [True]
    assert math.isclose(changes[0].before, low, abs_tol=0.4)
    assert (changes[0].after - changes[0].before) * (high - low) > 0


@every_kind
@pytest.mark.parametrize(("low", "high"), [(0.05, 0.95), (0.95, 0.05), (0.02, 0.8)])
def test_a_shift_of_a_share_is_found_once_with_sensible_means(kind: str, low: float, high: float) -> None:
    values = (np.random.default_rng(7).random(1000) < np.repeat([low, high], 500)).astype(float)
    changes = KINDS[kind](**QUIET.get(kind, {})).make(DetectorContext(kind="share")).update_many(values)
    if low > high and kind in RISES_ONLY:
        assert changes == []
        return
    assert [500 <= change.index < 700 for change in changes] == [True]
    assert math.isclose(changes[0].before, low, abs_tol=0.1)
    assert (changes[0].after - changes[0].before) * (high - low) > 0
    assert changes[0].width <= 300


@every_kind
def test_means_are_finite_and_indices_rise(kind: str) -> None:
    values = _column(kind, 9, numbers=[0.0, 5.0, -5.0, 900.0, -900.0, 0.0], shares=[0.05, 0.95] * 5, each=1000)
    changes = KINDS[kind]().make().update_many(values)
    assert len(changes) >= 4
    assert [c.index for c in changes] == sorted({c.index for c in changes})
    assert all(math.isfinite(c.before) and math.isfinite(c.after) for c in changes)


@every_kind
def test_a_constant_stream_never_drifts(kind: str) -> None:
    for constant in (0.7, 0.0, 1.0) if "number" in KINDS[kind].takes else (0.0, 1.0):
        assert KINDS[kind]().make().update_many(np.full(20_000, constant)) == []


@pytest.mark.parametrize("kind", sorted(kind for kind in KINDS if KINDS[kind].budgeted))
def test_a_budget_sets_its_parameter_unless_that_is_given(kind: str) -> None:
    config, values = KINDS[kind], _column(kind, 11, numbers=[0.0, 0.3, 0.0, 1.0], shares=[0.3, 0.4], each=1000)
    name = config.budgeted or ""
    given = config(**{name: config.model_fields[name].default})
    own = config().make().update_many(values)
    for run_length in (200.0, 1e12):
        context = DetectorContext(run_length=run_length)
        assert given.make(context).update_many(values) == own
        assert config().make(context).update_many(values) != own
