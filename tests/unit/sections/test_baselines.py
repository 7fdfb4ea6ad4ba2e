"""The section on baselines."""

from __future__ import annotations

from stream_monitor.sections.baselines import VERDICTS, baselines_in_words
from stream_monitor.sections.section import Cell
from stream_monitor.testing import make_prediction
from tests.unit.sections.replayed import everything, names, replayed, rows, section, smalls


def test_each_baseline_stands_beside_the_model_with_a_verdict() -> None:
    snapshot = everything()
    model = snapshot.models[1]
    part = section(snapshot, "baselines").parts[1]
    assert part.title == "default/2"
    (table,) = part.tables
    for row, small, result in zip(rows(table), smalls(table), model.baselines, strict=True):
        assert row[0] == result.name.replace("_", " ")
        assert row[1] == f"{result.performance['accuracy']['cumulative']:.1%}"
        assert row[2] == f"{result.model['accuracy']['cumulative']:.1%}"
        assert row[3] == f"{result.skill['accuracy']['cumulative']:.1%}"
        assert row[4] == f"{result.difference:+.4f}"
        assert small[4] == f"{result.bounds.lower:+.4f} to {result.bounds.upper:+.4f}"
        assert row[5] == VERDICTS[result.verdict][0]
    worse = [row[-1] for row in table.rows]
    assert Cell("the model is worse", "", "bad") in worse
    assert "default/2: the model is worse than majority class" in baselines_in_words(snapshot.models)


def test_a_payoff_has_its_columns() -> None:
    paid = [make_prediction(at, prediction="yes", label="no" if at % 4 else "yes") for at in range(600)]
    snapshot = replayed(paid, payoff="yes,yes=10;yes,no=-5;maybe,no=1")
    (part, _) = section(snapshot, "baselines").parts
    (table,) = part.tables
    assert table.head[5:7] == ["Payoff", "The model's payoff"]
    assert rows(table)[0][6] == f"{(150 * 10 - 450 * 5 - 10) / 599:.4g}"  # the first outcome has no baseline
    assert part.warnings == ["--payoff: no outcome so far has the class maybe."]


def test_a_regression_has_mean_absolute_errors() -> None:
    found = [make_prediction(at, prediction=1.0, label=1.0 + at % 2) for at in range(600)]
    (part, _) = section(replayed(found, task="regression"), "baselines").parts
    (table,) = part.tables
    assert table.head[1:3] == ["MAE", "The model's"]
    assert {row[2] for row in rows(table)} == {f"{300 / 599:.4g}"}


def test_without_baselines_it_takes_no_room() -> None:
    assert "baselines" not in names(replayed([make_prediction(0, label=1)], baseline="none"))
