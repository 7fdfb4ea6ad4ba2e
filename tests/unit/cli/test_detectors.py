"""The list of detectors."""

from __future__ import annotations

from click.testing import CliRunner

from stream_monitor.cli import cli
from stream_monitor.core.signal_names import SIGNAL_PREFIXES, SIGNALS
from stream_monitor.detectors import KINDS
from stream_monitor.detectors.describe import FROM_BUDGET, describe
from stream_monitor.detectors.spec import parse_spec
from stream_monitor.drift.budget import unbudgeted


def test_detectors_lists_parameters_ranges_and_defaults() -> None:
    result = CliRunner().invoke(cli, ["detectors"])
    assert result.exit_code == 0
    for kind, config in KINDS.items():
        assert kind in result.stdout
        for parameter in describe(config):
            line = next(line for line in result.stdout.splitlines() if line.startswith(f"  {parameter.name} "))
            assert line
            text = result.stdout
            assert parameter.allowed in text
            assert f"default {parameter.default}" in text
            assert parameter.description in text


def test_detectors_tells_whose_thresholds_follow_from_the_budget() -> None:
    text = CliRunner().invoke(cli, ["detectors"]).stdout
    blocks = {block.split()[0]: block for block in text.strip().split("\n\n")}
    for kind, config in KINDS.items():
        told = [line.split()[0] for line in blocks[kind].splitlines() if FROM_BUDGET in line]
        assert told == ([config.budgeted] if config.budgeted else [])
        assert ("--expected-run-length does not reach it" in blocks[kind]) == (kind in unbudgeted([parse_spec(kind)]))
    assert all(f" {prefix}NAME" in text.splitlines()[-1] for prefix in SIGNAL_PREFIXES)
    assert all(f" {name}" in text.splitlines()[-1] for name in SIGNALS)


def test_every_range_is_told() -> None:
    told = {p.name: (p.default, p.allowed) for p in describe(KINDS["page_hinkley"])}
    assert told == {
        "min_instances": ("30", "int >= 1"),
        "delta": ("0.005", "float >= 0"),
        "threshold": (FROM_BUDGET, "float > 0"),
        "alpha": ("0.9999", "float > 0, <= 1"),
        "mode": ("both", "up|down|both"),
    }
