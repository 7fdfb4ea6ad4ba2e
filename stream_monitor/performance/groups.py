"""Groups of predictions that are compared: by a field of the event, or by a feature, whole or in bins.

The groups of a prediction are chosen when it is seen, and wait with it for its label as one text, its subgroup.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import pairwise, repeat
from sys import intern
from typing import Any, Literal, cast

from pydantic import BaseModel, ConfigDict

from stream_monitor.core.event_batch import PredictionBatch
from stream_monitor.core.feature_table import FeatureTable
from stream_monitor.core.feature_values import ABSENT, as_float
from stream_monitor.decoding.values import spelled
from stream_monitor.stats.reference import category_name

#: Stands between the groups of a subgroup's text: the unit separator of ASCII, which no value has.
SEPARATOR = "\x1f"
#: Characters of a value that are kept.
MAX_VALUE_LENGTH = 64
#: Groups that are compared at most, and bins' edges of one.
MAX_GROUPS, MAX_EDGES = 10, 19
_ALLOWED = "allowed: NAME=groups.FIELD or NAME=features.FIELD, each with :EDGE,EDGE behind it for bins"
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_SCALARS = frozenset((str, int, float, bool))


class Grouping(BaseModel):
    """One way to divide predictions into groups.

    Attributes:
        name: Its name.
        part: The part of the event that has the value.
        field: The name of the value in that part.
        edges: Where bins of numbers begin, rising; () for a group for each value.

    >>> Grouping.parse("age", "features.age:30,50").bins
    ('<30', '[30,50)', '>=50')
    """

    model_config = ConfigDict(frozen=True)

    name: str
    part: Literal["groups", "features"]
    field: str
    edges: tuple[float, ...] = ()

    @classmethod
    def parse(cls, name: str, path: str) -> Grouping:
        """Return the grouping of ``--group NAME=PATH``.

        Raises:
            ValueError: The name, the path or an edge is wrong; one line that says what is allowed.
        """
        part, _, rest = path.partition(".")
        field, colon, bins = rest.rpartition(":") if ":" in rest else (rest, "", "")
        if not _NAME.fullmatch(name):
            raise ValueError(
                f"{name!r} is no name of a group; allowed: letters, digits, '_', '.' and '-', 64 at most"
            )
        if part not in ("groups", "features") or not field:
            raise ValueError(f"{name}={path}: {path!r} is no path; {_ALLOWED}")
        edges = _read_edges(f"{name}={path}", bins) if colon else ()
        return cls(name=name, part=cast(Literal["groups", "features"], part), field=field, edges=edges)

    @property
    def path(self) -> str:
        """The path of the value in an event, as it is shown."""
        return f"{self.part}.{self.field}"

    @cached_property
    def bins(self) -> tuple[str, ...]:
        """The names of the bins."""
        texts = [category_name(edge) for edge in self.edges]
        if not texts:
            return ()
        return (f"<{texts[0]}", *(f"[{low},{high})" for low, high in pairwise(texts)), f">={texts[-1]}")

    def value(self, received: Any) -> str:
        """Return the group of a value as received; an empty text if there is none.

        >>> age = Grouping.parse("age", "features.age:30,50")
        >>> age.value(30), age.value("12.5"), age.value(None), Grouping.parse("zip", "groups.zip").value(10.0)
        ('[30,50)', '<30', '', '10')
        """
        is_text = type(received) is str
        if is_text and not self.edges:
            return cast(str, received)[:MAX_VALUE_LENGTH].replace(SEPARATOR, " ")
        number = as_float(spelled(received) if is_text else received)
        if not math.isfinite(number):
            return ""
        return self.bins[bisect_right(self.edges, number)] if self.edges else category_name(number)


class SubgroupReader:
    """Reads the subgroup of each prediction: the name and the value of each of its groups, as one text."""

    def __init__(self, groupings: Sequence[Grouping]) -> None:
        self._groupings = groupings

    def read(self, batch: PredictionBatch) -> PredictionBatch:
        """Return the predictions with their subgroups.

        >>> from stream_monitor.core.events import ModelVersion, Prediction
        >>> one = Prediction("r-1", 0.0, ModelVersion("m", "1"), "yes", {"age": 41}, groups={"sex": "f"})
        >>> groupings = [Grouping.parse("sex", "groups.sex"), Grouping.parse("age", "features.age:30")]
        >>> SubgroupReader(groupings).read(PredictionBatch.of([0], [one])).subgroups
        ['sex=f\\x1fage=>=30']
        """
        if not self._groupings or not len(batch):
            return batch
        columns = [self._column(grouping, batch) for grouping in self._groupings]
        texts = columns[0] if len(columns) == 1 else map(SEPARATOR.join, zip(*columns, strict=True))
        return replace(batch, subgroups=list(map(intern, texts)))

    def _column(self, grouping: Grouping, batch: PredictionBatch) -> list[str]:
        """Return ``NAME=VALUE`` for each prediction."""
        if grouping.part == "features":
            values = _feature(batch.features, grouping.field)
        else:
            rows = repeat(None, len(batch)) if batch.groups is None else batch.groups
            values = [None if row is None else row.get(grouping.field) for row in rows]
        scalars = [value if type(value) in _SCALARS else None for value in values]
        # 1, 1.0 and True are one key, and one group.
        texts = {value: f"{grouping.name}={grouping.value(value)}" for value in set(scalars)}
        return list(map(texts.__getitem__, scalars))


def split_subgroup(subgroup: str | None) -> Mapping[str, str]:
    """Return the value of each group by name; without those that are missing.

    >>> split_subgroup("sex=f\\x1fage=")
    {'sex': 'f'}
    """
    pairs = (part.partition("=") for part in (subgroup or "").split(SEPARATOR))
    return {name: value for name, _, value in pairs if value}


def _feature(features: FeatureTable, name: str) -> Sequence[Any]:
    """Return the values of a feature, as received or as numbers."""
    if name in features.raw:
        return features.raw[name]
    if name in features.names:
        values: list[float] = features.numbers[:, features.names.index(name)].tolist()
        return [None if value != value else value for value in values]
    return [ABSENT] * len(features)


def _read_edges(shown: str, text: str) -> tuple[float, ...]:
    numbers = [spelled(part.strip()) for part in text.split(",")]
    edges = [float(number) for number in numbers if number is not None and type(number) is not bool]
    if len(edges) < len(numbers):
        raise ValueError(f"{shown}: {text!r} are no numbers; {_ALLOWED}")
    if len(edges) > MAX_EDGES or any(low >= high for low, high in pairwise(edges)):
        raise ValueError(f"{shown}: edges {text}; allowed: rising numbers, {MAX_EDGES} at most")
    return tuple(edges)
