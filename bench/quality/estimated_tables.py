"""The table and the gates of estimated accuracy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from gate import Gate
from table import Table

#: Mean distance of an estimate to the realized accuracy of 5,000 stationary events, at most.
LIMIT = 0.01
#: Columns of the table: the estimates of a reading, and their head.
HEADS = {"late": "labels late", "none": "no labels", "nannyml": "NannyML"}
Report = Mapping[str, Any]


def estimated_gates(report: Report) -> Iterator[Gate]:
    """Yield the gates: near the realized accuracy, and not further from it than NannyML under covariate shift."""
    readings = report.get("estimated", {})
    stationary = {name: _error(each, "late") for name, each in readings.items() if each["kind"] == "stationary"}
    if stationary:
        name, worst = max(stationary.items(), key=lambda each: each[1])
        what = f"estimated accuracy, stationary: within {LIMIT} of the realized one: {worst:.4f} ({name})"
        yield Gate(worst <= LIMIT, what)
    shifted = [each for each in readings.values() if each["kind"] == "covariate shift" and "nannyml" in each]
    if shifted:
        late, none, peer = (float(np.mean([_error(each, name) for each in shifted])) for name in HEADS)
        what = f"estimated accuracy, covariate shift: at most NannyML's error {peer:.4f}: {late:.4f}"
        yield Gate(late <= peer, what)
        again = f"the same without labels after the reference, within a tenth of it: {none:.4f}"
        yield Gate(none <= 1.1 * peer, again)


def estimated_table(report: Report) -> list[Table]:
    """Return the table of the errors of estimation, if they were measured."""
    readings = report.get("estimated", {})
    if not readings:
        return []
    rows = [["stream", "kind", "accuracy, first to last chunk", *HEADS.values(), "in the interval"]]
    for name, each in readings.items():
        realized = np.array(each["realized"])
        errors = [f"{_error(each, key):.4f}" if key in each else "–" for key in HEADS]
        between = f"{realized[:, 0].mean():.3f} to {realized[:, -1].mean():.3f}"
        rows.append([name, each["kind"], between, *errors, f"{_covered(each):.0%}"])
    note = (
        "Mean distance of the estimated to the realized accuracy of chunks of 5,000 events, after a reference of\n"
        "10,000 with labels. *labels late*: they come 5,000 predictions later, the calibration goes on learning;\n"
        "*no labels*: none come after the reference, which is also what NannyML has. Rows are drawn from data sets\n"
        "with weights that move along one feature. Under concept drift, no estimate from scores can follow."
    )
    return [Table("Estimated accuracy", note, rows)]


def _error(reading: Mapping[str, Any], name: str) -> float:
    return float(np.abs(np.array(reading[name]) - np.array(reading["realized"])).mean())


def _covered(reading: Mapping[str, Any]) -> float:
    """Return the share of chunks whose realized accuracy is in the interval."""
    realized, bounds = np.array(reading["realized"]), np.array(reading["bounds"])
    return float(((bounds[:, :, 0] <= realized) & (realized <= bounds[:, :, 1])).mean())
