"""Patterns are matched in linear time."""

from __future__ import annotations

import time

from stream_monitor.contract.pattern import Pattern


def test_no_pattern_explodes() -> None:
    evil = [r"^(a+)+$", r"^(a|a)*$", r"^(a|aa)+$", r"(.*a){20}b", r"^(([a-z])+.)+[A-Z]([a-z])+$"]
    began = time.process_time()
    for text in evil:
        assert not Pattern(text).is_in("a" * 20_000 + "!")
    assert time.process_time() - began < 5.0


def test_only_a_text_matches() -> None:
    assert Pattern("1").is_in("213")
    assert not Pattern("1").is_in(1)
