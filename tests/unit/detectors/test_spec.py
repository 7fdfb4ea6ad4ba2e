"""The grammar of ``--detector``."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_monitor.core.signal_names import SIGNAL_PREFIXES, SIGNALS
from stream_monitor.detectors import KINDS
from stream_monitor.detectors.adwin import AdwinConfig
from stream_monitor.detectors.page_hinkley import PageHinkleyConfig
from stream_monitor.detectors.spec import parse_spec, select


@pytest.mark.parametrize(
    ("text", "signal", "config"),
    [
        ("adwin", "*", AdwinConfig()),
        ("page_hinkley", "*", PageHinkleyConfig()),
        (" adwin ", "*", AdwinConfig()),
        ("adwin:delta=0.01", "*", AdwinConfig(delta=0.01)),
        ("adwin:delta=0.01,clock=1", "*", AdwinConfig(delta=0.01, clock=1)),
        ("adwin: delta = 0.01 , clock = 1", "*", AdwinConfig(delta=0.01, clock=1)),
        ("adwin:", "*", AdwinConfig()),
        ("error=page_hinkley:threshold=25", "error", PageHinkleyConfig(threshold=25)),
        ("page_hinkley:mode=up", "*", PageHinkleyConfig(mode="up")),
        ("feature:age=adwin:delta=0.01", "feature:age", AdwinConfig(delta=0.01)),
        ("feature:*=adwin", "feature:*", AdwinConfig()),
        ("*=adwin", "*", AdwinConfig()),
        ("erro?=adwin", "erro?", AdwinConfig()),
        ("[es]rror=adwin", "[es]rror", AdwinConfig()),
        ("missing:income=adwin", "missing:income", AdwinConfig()),
        ("feature:a=b=adwin", "feature:a=b", AdwinConfig()),
        ("feature:a:b=adwin:clock=2", "feature:a:b", AdwinConfig(clock=2)),
        ("feature:größe=adwin", "feature:größe", AdwinConfig()),
        ("score=adwin:delta=1e-3", "score", AdwinConfig(delta=1e-3)),
    ],
)
def test_good(text: str, signal: str, config: object) -> None:
    spec = parse_spec(text)
    assert (spec.signal, spec.config) == (signal, config)
    assert spec.kind == config.kind  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "wrong", "allowed"),
    [
        ("", "unknown detector ''", "adwin, "),
        ("adwim", "adwim", "adwin, "),
        ("ADWIN", "ADWIN", "adwin, "),
        ("adwim:delta=0.1", "adwim", "adwin, "),
        ("error=adwim", "adwim", "adwin, "),
        ("error=", "unknown detector ''", "adwin, "),
        ("eror=adwin", "eror", "prediction, score, error, invalid, feature:NAME, spread:NAME, missing:NAME"),
        ("age=adwin", "age", "feature:NAME"),
        ("=adwin", "unknown signal ''", "feature:NAME"),
        ("adwin:dleta=0.1", "dleta", "delta, clock, max_buckets, min_window_length, grace_period"),
        ("adwin:threshold=25", "threshold", "delta, clock"),
        ("adwin:delta", "'delta'", "PARAMETER=VALUE"),
        ("adwin:kind=page_hinkley", "kind", "delta, clock"),
        ("adwin:delta=0", "adwin.delta", "greater than 0"),
        ("adwin:delta=1", "adwin.delta", "less than 1"),
        ("adwin:delta=x", "adwin.delta", "number"),
        ("adwin:clock=1.5", "adwin.clock", "integer"),
        ("adwin:clock=0", "adwin.clock", "greater than or equal to 1"),
        ("page_hinkley:mode=sideways", "page_hinkley.mode", "'up', 'down' or 'both'"),
        ("page_hinkley:threshold=0", "page_hinkley.threshold", "greater than 0"),
        ("page_hinkley:alpha=1.1", "page_hinkley.alpha", "less than or equal to 1"),
    ],
)
def test_bad_names_what_is_wrong_and_what_is_allowed(text: str, wrong: str, allowed: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_spec(text)
    message = str(caught.value)
    assert wrong in message
    assert allowed in message
    assert "\n" not in message


@given(st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=40))
def test_any_text_is_a_spec_or_a_one_line_error(text: str) -> None:
    try:
        assert parse_spec(text).kind in KINDS
    except ValueError as error:
        assert len(str(error).splitlines()) == 1


@given(st.text("ab:=,.* ", min_size=1, max_size=8).filter(lambda name: name == name.strip()))
def test_any_features_name_can_be_watched(name: str) -> None:
    assert parse_spec(f"feature:{name}=adwin:clock=3")[:2] == (f"feature:{name}", "adwin")


def test_select_takes_names_and_globs_and_the_last_of_a_kind() -> None:
    specs = [parse_spec(text) for text in ("adwin", "feature:*=adwin:clock=2", "feature:a=adwin:clock=3")]
    assert select(specs, "error") == {"adwin": AdwinConfig()}
    assert select(specs, "feature:b") == {"adwin": AdwinConfig(clock=2)}
    assert select(specs, "feature:a") == {"adwin": AdwinConfig(clock=3)}
    assert select(specs[1:], "score") == {}


def test_a_name_with_marks_of_a_glob_selects_itself() -> None:
    assert select([parse_spec("feature:a[1]=adwin")], "feature:a[1]")


def test_the_signals_of_this_issue() -> None:
    assert (SIGNALS, SIGNAL_PREFIXES) == (
        ("prediction", "score", "error", "invalid"),
        ("feature:", "spread:", "missing:"),
    )
