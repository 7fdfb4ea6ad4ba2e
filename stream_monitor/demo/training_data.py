"""The training data of the first version, and what is made of it before the day begins."""

from __future__ import annotations

import csv
import random
from pathlib import Path

from stream_monitor.demo.scenario import BEFORE, FEATURES, applicant, risk
from stream_monitor.demo.sidecar import run_command

#: Rows of the training data.
ROWS = 5_000


def prepare(directory: Path) -> tuple[Path, Path]:
    """Write a profile and an input contract of the training data; return their paths."""
    data, profile, contract = (directory / name for name in ("training.csv", "profile.json", "contract.yaml"))
    rng = random.Random(0)
    names = ("age", *FEATURES, "country")
    with data.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow([*names, "prediction", "label"])
        for _ in range(ROWS):
            one = applicant(rng, 0)
            guess = "default" if risk(one.features, BEFORE) > 0.5 else "repay"
            table.writerow([*(one.features[name] for name in names), guess, one.label])
    run_command("profile", str(data), "--output", str(profile))
    run_command("contract", str(profile), "--output", str(contract))
    return profile, contract
