"""Writing of an input contract as YAML, with comments for the person who edits it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from stream_monitor.contract.feature import AnyFeature, number_text
from stream_monitor.contract.input_contract import FORMAT, InputContract
from stream_monitor.contract.plain_yaml import read_yaml
from stream_monitor.core.formatting import counted, short
from stream_monitor.profiles.profile import ColumnProfile, Profile
from stream_monitor.stats.reference import CategoricalReference

#: Characters of a line, about.
WIDTH = 100
#: Categories whose shares a comment names.
MAX_SHARES = 3
_HEAD = """\
# The input contract of a model: what each feature of an event must look like.
# Derived from {rows} of {files}; it is yours to edit.
#
#   type      number, integer, boolean, category or text
#   minimum, maximum   of a number or an integer; without one there is no bound
#   categories         of a category: the only ones that are allowed; without them all are
#   pattern            of a text: a regular expression that is found in it
#   required           false: the value may be null or absent
#
# Ranges are those of the training data, and a tenth more on a side where its values do not pile up.
# Try it: stream-monitor validate FILE --contract THIS_FILE
"""


def to_yaml(contract: InputContract, profile: Profile) -> str:
    """Return a contract as YAML; the comments tell what the training data was like."""
    files = ", ".join(profile.files) or "training data"
    lines = [
        _HEAD.format(rows=counted(profile.rows, "row"), files=files),
        f"contract: {FORMAT}",
        "# false: a feature that is not listed here is a violation",
        f"additional_features: {_scalar(contract.additional_features)}",
        "",
        "features:",
    ]
    for name, schema in contract.features.items():
        lines += _feature(name, schema, profile.features[name])
    return "\n".join(lines) + "\n"


def _feature(name: str, schema: AnyFeature, column: ColumnProfile) -> Iterator[str]:
    yield f"  {_scalar(name)}:"
    kind, limits = _comment(column), schema.model_dump(exclude={"type", "required"}, exclude_none=True)
    yield _commented(f"    type: {schema.type}", kind)
    for key, value in limits.items():
        yield from _categories(value) if key == "categories" else [f"    {key}: {_scalar(value)}"]
    share = column.missing_share
    missing = (
        ""
        if schema.required
        else f"{share:.1%} of the training rows have none"
        if share >= 0.001
        else "few rows have none"
    )
    yield _commented(f"    required: {_scalar(schema.required)}", missing)


def _categories(names: Sequence[str]) -> Iterator[str]:
    """Yield the lines of a list, as many names on each as fit."""
    line = "    categories: ["
    for at, name in enumerate(names):
        text = _scalar(name) + ("," if at < len(names) - 1 else "]")
        if len(line) + len(text) >= WIDTH and line.strip():
            yield line.rstrip()
            line = " " * 8
        line += f"{text} "
    yield line.rstrip()


def _comment(column: ColumnProfile) -> str:
    """Return what the values of the training data were."""
    if column.numeric is not None:
        reference = column.numeric
        return f"from {short(reference.minimum)} to {short(reference.maximum)}, mean {short(reference.mean)}"
    return "" if column.categorical is None else _shares(column.categorical)


def _shares(reference: CategoricalReference) -> str:
    names = reference.categories[:MAX_SHARES]
    named = ", ".join(f"{_scalar(name)[:30]} {reference.share(name):.1%}" for name in names)
    rest = len(reference.categories) - len(names)
    if not reference.is_complete:
        return f"{named} and more than are listed in a profile: all are allowed"
    return f"{named} and {counted(rest, 'other')}" if rest else named


def _commented(line: str, comment: str) -> str:
    return f"{line:<28}# {comment}" if comment else line


def _scalar(value: Any) -> str:
    """Return a value as YAML writes it on one line; a text without quotes where it is read as that text."""
    if isinstance(value, float):
        return number_text(value)
    if not isinstance(value, str):
        return str(yaml.safe_dump(value)).splitlines()[0]
    is_plain = value.isprintable() and value == value.strip() and not set(value) & set(":#,[]{}&*!|>'\"%@`?")
    return value if is_plain and _is_read(value) else _quoted(value)


def _is_read(text: str) -> bool:
    """Return whether a text without quotes is read as it is, by YAML 1.1 too."""
    try:
        return bool(read_yaml(f"[{text}]") == [text] == yaml.safe_load(f"[{text}]"))
    except yaml.YAMLError:
        return False


def _quoted(text: str) -> str:
    return str(yaml.safe_dump(text, default_style='"', width=10**9, allow_unicode=True)).strip()
