"""Writes files of rows with 20 features, label and score: `replay_files.py DIRECTORY ROWS` (CSV and Parquet)."""

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
from events import ACCURACY, SCALES
from pyarrow import csv, parquet

FEATURES = 20
STEP_MS = 10
START_MS = 1_760_000_000_000


def table(rows: int) -> pa.Table:
    rng = np.random.default_rng(17)
    scales = np.resize(np.array(SCALES), FEATURES)
    values = np.round(rng.normal(scales, scales, (rows, FEATURES)), 4)
    scores = np.round(rng.random(rows), 2)
    predictions = scores > 0.5
    labels = predictions == (rng.random(rows) < ACCURACY)
    columns = {
        "id": pa.array([f"r-{number}" for number in range(rows)]),
        "ts": pa.array(START_MS + np.arange(rows) * STEP_MS),
        "prediction": pa.array(np.where(predictions, "yes", "no")),
        "label": pa.array(np.where(labels, "yes", "no")),
        "score": pa.array(scores),
    }
    return pa.table(columns | {f"f{number:02d}": pa.array(values[:, number]) for number in range(FEATURES)})


def main() -> None:
    directory, rows = Path(sys.argv[1]), int(sys.argv[2])
    made = table(rows)
    csv.write_csv(made, directory / "data.csv")
    parquet.write_table(made, directory / "data.parquet")


if __name__ == "__main__":
    main()
