"""Training data, and the profiles that are made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from click.testing import CliRunner, Result

from stream_monitor.cli import cli
from stream_monitor.core.records import Record
from stream_monitor.profiles.profile import ColumnProfile, Profile
from stream_monitor.profiles.profiler import Profiler
from stream_monitor.stats.reference import CategoricalReference, NumericReference

RNG = np.random.default_rng(0)
AGES = [float(age) for age in RNG.integers(18, 90, 2500)]
INCOMES = [None if RNG.random() < 0.1 else round(float(RNG.lognormal(10)), 2) for _ in AGES]
COUNTRIES = [str(country) for country in RNG.choice(["DE", "FR", "IT"], len(AGES), p=[0.6, 0.3, 0.1])]
ROWS: list[dict[str, Any]] = [
    {"uid": n, "at": f"2026-01-01T{n // 3600:02}:{n // 60 % 60:02}:{n % 60:02}", "age": a, "income": i, "country": c}
    | {"churned": ("no", "yes")[n % 4 == 0]}
    for n, (a, i, c) in enumerate(zip(AGES, INCOMES, COUNTRIES, strict=True))
]
MAPPED = {"id": "uid", "ts": "at", "label": "churned"}
FLAGS = [part for name, path in MAPPED.items() for part in ("--field", f"{name}={path}")]
FORMATS = ("jsonl", "jsonl.gz", "csv", "csv.zst", "parquet")


def profile_of(rows: Sequence[Mapping[str, Any]], batch: int = 700, **options: Any) -> Profile:
    return profiler_of(rows, batch, **options).profile(["x"], "")


def profiler_of(rows: Sequence[Mapping[str, Any]], batch: int = 700, **options: Any) -> Profiler:
    profiler = Profiler(options.pop("fields", {}), options.pop("types", {}), **options)
    records = [Record("x", at, row) for at, row in enumerate(rows)]
    for start in range(0, len(records), batch):
        profiler.add(records[start : start + batch])
    return profiler


def run_profile(*arguments: Any) -> Result:
    return CliRunner().invoke(cli, ["profile", *map(str, arguments)])


def made(tmp_path: Path, *arguments: Any) -> Profile:
    result = run_profile(*arguments, "-o", tmp_path / "p.json")
    assert result.exit_code == 0, result.output
    return Profile.read(tmp_path / "p.json")


def numeric_of(column: ColumnProfile | None) -> NumericReference:
    assert column and column.numeric
    return column.numeric


def categorical_of(column: ColumnProfile | None) -> CategoricalReference:
    assert column and column.categorical
    return column.categorical


def series(count: int = 4000, r: float = 0.9) -> list[float]:
    rng = np.random.default_rng(5)
    values = [0.0]
    for step in rng.normal(size=count - 1).tolist():
        values.append(r * values[-1] + step)
    return values


def timed_rows(count: int = 4000) -> list[dict[str, Any]]:
    noise = np.random.default_rng(6).normal(size=count).tolist()
    pairs = zip(series(count), noise, strict=True)
    return [{"slow": slow, "noise": each, "ts": 1e9 + at / 4} for at, (slow, each) in enumerate(pairs)]
