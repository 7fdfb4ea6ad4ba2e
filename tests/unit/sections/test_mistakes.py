"""The table of the seven mistakes: what is watched, and the flag of what is not."""

from __future__ import annotations

import re

from stream_monitor.config.settings import ReplayConfig, RunConfig
from stream_monitor.pipeline.snapshot import Snapshot
from stream_monitor.pipeline.take_snapshot import SnapshotTaker
from tests.harness import run
from tests.unit.sections.replayed import everything, nothing, replayed, rows, section


def _told(snapshot: Snapshot, *, is_live: bool = False) -> list[list[str]]:
    (part,) = section(snapshot, "mistakes", is_live=is_live).parts
    return rows(part.tables[0])


def test_each_mistake_has_its_state() -> None:
    watched = {row[0]: row[1:] for row in _told(everything())}
    assert len(watched) == 7
    state, told = watched["Inputs are not validated"]
    assert state == "watched" and told.endswith("break the contract")
    assert watched["Nobody governs versions"] == ["watched", "2 versions of 1 model; 2 is worse than 1"]
    assert watched["There is no good test set"][1] == "5 sets written"
    assert watched["Nobody watches for bias"][1].startswith("widest accuracy gap of sex ")
    assert watched["Nothing is automated"][1].endswith("retrain requests, one of them open")
    off = {row[0]: row[1:] for row in _told(nothing())}
    assert off["Inputs are not validated"] == ["not watched", "--contract"]
    assert off["There is no good test set"] == ["not watched", "--evaluation-dir"]
    assert off["Nobody watches for bias"] == ["not watched", "--group"]
    assert off["Drift goes unnoticed"][0] == "watched"
    assert {row[0] for row in _told(replayed([], warmup=500))} == set(off)


def test_every_flag_that_is_named_exists() -> None:
    for snapshot in (everything(), nothing()):
        for is_live, config in ((False, ReplayConfig), (True, RunConfig)):
            for _, _, told in _told(snapshot, is_live=is_live):
                for flag in re.findall(r"--([a-z-]+)", told):
                    assert flag.replace("-", "_") in config.model_fields


def test_without_detectors_drift_is_not_watched() -> None:
    pipeline, _ = run([], detectors=[])
    assert _told(SnapshotTaker(pipeline).take())[0] == ["Drift goes unnoticed", "not watched", "--detector"]
