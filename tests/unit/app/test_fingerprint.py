"""The fingerprint of a configuration is another one exactly where results may be others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stream_monitor.app.fingerprint import fingerprint
from stream_monitor.config.loading import load_config
from stream_monitor.config.settings import RunConfig

KAFKA = {"bootstrap_servers": "localhost:9092", "topic": "events", "group_id": "monitor"}
CONTRACT = "contract: 1\nfeatures:\n  age: {type: number, minimum: 18}\n"


def _of(**flags: Any) -> str:
    return fingerprint(load_config(RunConfig, {**KAFKA, **flags}, {}, None))


@pytest.mark.parametrize(
    "flags",
    [
        {"group": "sex=groups.sex"},
        {"group_min_count": "50"},
        {"positive": "yes"},
        {"comparison": "shadow"},
        {"champion": "3"},
        {"detector": "adwin"},
        {"evaluation_share": "5%"},
        {"task": "regression"},
        {"label_ttl": "1d"},
    ],
)
def test_what_changes_results_changes_it(flags: dict[str, str]) -> None:
    assert _of(**flags) != _of()


@pytest.mark.parametrize(
    "flags",
    [
        {"listen": "127.0.0.1:1"},
        {"log_level": "debug"},
        {"state_dir": "x"},
        {"evaluation_dir": "x"},
        {"topic": "other"},
    ],
)
def test_what_changes_no_results_does_not(flags: dict[str, str]) -> None:
    assert _of(**flags) == _of()


def test_a_contract_counts_by_its_content(tmp_path: Path) -> None:
    one, same, other = (tmp_path / name for name in ("one.yaml", "same.yaml", "other.yaml"))
    one.write_text(CONTRACT)
    same.write_text(CONTRACT)
    other.write_text(CONTRACT.replace("18", "21"))
    assert _of(contract=str(one)) == _of(contract=str(same))
    assert len({_of(), _of(contract=str(one)), _of(contract=str(other))}) == 3
