"""Snapshots of real replays, and their sections as text."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np

from stream_monitor.app import offline
from stream_monitor.config.settings import ReplayConfig
from stream_monitor.pipeline.snapshot import Snapshot
from stream_monitor.sections import sections
from stream_monitor.sections.section import Cell, Section, Table
from stream_monitor.testing import make_prediction
from tests.files import write

#: A name that would be read as HTML if it were not escaped.
NASTY = "\"><script>alert('&')</script>"
COUNT = 4000
DAY = 86_400


def events() -> list[dict[str, Any]]:
    """Return predictions of two versions over four days; the second one is worse, the first one about m."""
    rng = np.random.default_rng(3)
    found: list[dict[str, Any]] = []
    for at in range(COUNT):
        is_new = at % 2 == 1
        sex = "m" if rng.random() < 0.5 else "f"
        wrong = rng.random() < (0.5 if is_new else 0.3 if sex == "m" else 0.1)
        label = "yes" if rng.random() < 0.4 else "no"
        features: dict[str, Any] = {"age": 18 + at % 60, NASTY: float(rng.normal()), "sex": sex}
        if at >= 3000 and at % 5 == 0:
            features["age"] = str(features["age"])
        if at == 3999:
            features[NASTY] = 99.0
        found.append(
            make_prediction(
                at,
                ts=1_795_435_200 + at * 4 * DAY / COUNT,
                version="2" if is_new else "1",
                features=features,
                prediction={"yes": "no", "no": "yes"}[label] if wrong else label,
                label=label,
                groups={"sex": sex, "region": "north" if at % 50 else NASTY},
            )
        )
    return found


def replayed(rows: list[dict[str, Any]], **settings: Any) -> Snapshot:
    """Return the snapshot of a replay of these events."""
    path = write(Path(mkdtemp()) / "x.jsonl", rows, "jsonl")
    return offline.replay(ReplayConfig(detector=["glr"], **settings), [path], lambda _: None)[0]


def contract_file() -> Path:
    """Return the file of a contract that the events break."""
    path = Path(mkdtemp()) / "contract.yaml"
    schema = {"type": "number", "minimum": -9, "maximum": 9}
    features = {"age": {"type": "number", "minimum": 18, "maximum": 99}, NASTY: schema}
    path.write_text(json.dumps({"contract": 1, "features": features}))
    return path


@cache
def everything() -> Snapshot:
    """Return the snapshot of a replay with all that can be turned on."""
    return replayed(
        events(),
        contract=contract_file(),
        group={"sex": "groups.sex", "region": "groups.region"},
        positive="yes",
        traffic_split={"1": 0.1, "2": 0.9},
        retrain_on=["labels:count=1000"],
        retrain_cooldown="0s",
        retrain_timeout="24h",
        evaluation_dir=Path(mkdtemp()) / "sets",
        evaluation_share=0.1,
        evaluation_wait="0s",
    )


@cache
def nothing() -> Snapshot:
    """Return the snapshot of a replay of one version with the defaults."""
    return replayed([{**each, "version": "1"} for each in events()])


def section(snapshot: Snapshot, name: str, *, is_live: bool = False) -> Section:
    """Return a section by its name."""
    return next(each for each in sections(snapshot, is_live=is_live) if each.name == name)


def names(snapshot: Snapshot) -> list[str]:
    """Return the names of all sections."""
    return [each.name for each in sections(snapshot, is_live=False)]


def rows(table: Table) -> list[list[str]]:
    """Return the texts of a table's cells."""
    return [[cell.text if isinstance(cell, Cell) else cell for cell in row] for row in table.rows]


def smalls(table: Table) -> list[list[str]]:
    """Return the texts below those of a table's cells."""
    return [[cell.small if isinstance(cell, Cell) else "" for cell in row] for row in table.rows]
