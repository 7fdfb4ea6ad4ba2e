"""The section on the input contract: the rules that are broken, with what was expected, what came and its fix."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from stream_monitor.contract.tally import Example
from stream_monitor.core.formatting import counted, percent
from stream_monitor.core.violations import FeatureRule
from stream_monitor.pipeline.snapshot import ModelSnapshot, Snapshot
from stream_monitor.sections.section import Cell, Part, Section, Table, first

#: The maximum number of rules, and of model versions, that are shown.
MAX_RULES, MAX_VERSIONS = 30, 20
_HEAD = ("Feature", "Rule", "Predictions", "Expected", "First violation", "Fix")


def contract_section(snapshot: Snapshot) -> Section | None:
    """Return the section; None without a contract."""
    if snapshot.violation_examples is None:
        return None
    part = Part(lines=list(_lines(snapshot.models)), tables=list(_tables(snapshot)))
    return Section("contract", "Input contract", [part])


def invalid_share(models: Sequence[ModelSnapshot]) -> str:
    """Return how many predictions break the contract, in words."""
    invalid, total = sum(model.invalid for model in models), sum(model.predictions for model in models)
    if not invalid:
        return f"none of {counted(total, 'prediction')} breaks the contract"
    return f"{invalid:,} of {counted(total, 'prediction')} ({percent(invalid / total)}) break the contract"


def _lines(models: Sequence[ModelSnapshot]) -> Iterator[str]:
    told = invalid_share(models)
    yield f"{told[0].upper()}{told[1:]}."
    broken = [model for model in models if model.invalid]
    if broken and len(models) > 1:
        shown, rest = first(broken, MAX_VERSIONS, "version")
        each = "; ".join(f"{'/'.join(model.key)}: {percent(model.invalid / model.predictions)}" for model in shown)
        yield f"{each}. {rest}".strip()


def _tables(snapshot: Snapshot) -> Iterator[Table]:
    counts: Counter[FeatureRule] = Counter()
    for model in snapshot.models:
        counts.update(model.violations)
    total = sum(model.predictions for model in snapshot.models)
    broken = [(rule, count) for rule, count in counts.most_common() if count]
    if not broken:
        return
    shown, note = first(broken, MAX_RULES, "rule")
    examples = snapshot.violation_examples or {}
    rows = [_row(rule, count, total, examples.get(rule)) for rule, count in shown]
    yield Table(_HEAD, rows, ["Predictions"], ["Feature", "Expected", "First violation", "Fix"], note)


def _row(rule: FeatureRule, count: int, total: int, example: Example | None) -> Sequence[Cell | str]:
    share = percent(count / max(total, 1))
    if example is None:
        return (*rule, Cell(f"{count:,}", share), "", "", "")
    found = example.violation
    feature = Cell(rule[0], "" if found.feature == rule[0] else f"such as {found.feature}")
    return feature, rule[1], Cell(f"{count:,}", share), found.expected, f"got {found.received}", found.fix
