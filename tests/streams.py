"""Random streams, configs and batch cuts, and the oracles that more than one test asks."""

from __future__ import annotations

import inspect
import math
from collections.abc import Sequence
from typing import Any, Literal, get_args, get_origin

import numpy as np
import river.drift
from hypothesis import strategies as st

from stream_monitor.detectors import KINDS, Change, Detector, DetectorConfig, Floats

_SHAPES = {
    "constant": lambda rng, n: np.zeros(n),
    "normal": lambda rng, n: rng.normal(size=n),
    "narrow": lambda rng, n: 0.05 * rng.normal(size=n),
    "bernoulli": lambda rng, n: (rng.random(n) < 0.3).astype(float),
    "lognormal": lambda rng, n: rng.lognormal(size=n),
    "heavy": lambda rng, n: rng.standard_t(2, size=n),
    "walk": lambda rng, n: 0.1 * rng.normal(size=n).cumsum(),
}


@st.composite
def streams(draw: st.DrawFn, segments: int = 4, longest: int = 1200) -> Floats:
    """A few segments of different distribution and level, one after the other."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    parts = [np.empty(0)]
    for _ in range(draw(st.integers(1, segments))):
        shape = _SHAPES[draw(st.sampled_from(sorted(_SHAPES)))]
        level = draw(st.sampled_from((0.0, 0.0, 0.5, -0.5, 1.0, -2.0, 3.0)))
        length = draw(st.one_of(st.sampled_from((longest, longest // 2)), st.integers(0, longest)))
        parts.append(shape(rng, length) + level)
    return np.concatenate(parts)


@st.composite
def cuts(draw: st.DrawFn) -> list[float]:
    """Where to cut a stream, as shares of its length."""
    return sorted(draw(st.lists(st.floats(0, 1), max_size=8)))


def cut(values: Floats, shares: Sequence[float]) -> list[Floats]:
    """The stream in batches, empty ones included."""
    return np.split(values, [int(share * len(values)) for share in shares])


def configs(kind: str) -> st.SearchStrategy[DetectorConfig]:
    """Random valid parameters of a detector, read off its config."""
    fields = {name: field for name, field in KINDS[kind].model_fields.items() if name != "kind"}
    parameters = {name: _values(field.annotation, field.metadata, field.default) for name, field in fields.items()}
    return st.fixed_dictionaries({}, optional=parameters).map(lambda given: KINDS[kind](**given))


def _values(annotation: Any, metadata: Sequence[Any], default: Any) -> st.SearchStrategy[Any]:
    if get_origin(annotation) is Literal:
        return st.sampled_from(get_args(annotation))
    limits = {name: getattr(m, name) for m in metadata for name in ("gt", "ge", "lt", "le") if hasattr(m, name)}
    if annotation is int:
        low = limits.get("ge", limits.get("gt", -1) + 1)
        return st.integers(low, limits.get("le", 3 * max(default, low) + 2))
    low, high = limits.get("ge", limits.get("gt", 0.0)), limits.get("le", limits.get("lt", 2 * default))
    inner = st.floats(low, high, exclude_min="gt" in limits, exclude_max="lt" in limits, allow_subnormal=False)
    return inner.filter(lambda value: value == low or value - low > 1e-9)


def feed(detector: Detector, batches: Sequence[Floats]) -> list[Change]:
    """The changes found, at their positions in the whole stream."""
    found: list[Change] = []
    start = 0
    for batch in batches:
        found += [change._replace(index=start + change.index) for change in detector.update_many(batch)]
        start += len(batch)
    return found


def river_class(kind: str) -> type[river.drift.ADWIN] | None:
    """River's detector of the same name, None where it has none."""
    names = {name.lower(): name for name in river.drift.__all__}
    name = names.get(kind.replace("_", ""))
    return getattr(river.drift, name) if name else None


def river_indices(config: DetectorConfig, values: Floats) -> list[int]:
    """Where river's own class finds drift in a stream."""
    theirs = river_class(config.kind)(**config.model_dump(exclude={"kind"}))  # type: ignore[attr-defined, misc]
    found = []
    for index, value in enumerate(values.tolist()):
        theirs.update(value)
        if theirs.drift_detected:
            found.append(index)
    return found


def river_defaults(kind: str) -> dict[str, Any]:
    """The parameters and defaults of river's class."""
    theirs = river_class(kind)
    parameters = inspect.signature(theirs).parameters if theirs else {}
    return {name: parameter.default for name, parameter in parameters.items()}


def same(one: float, other: float) -> bool:
    """Equal, NaN included."""
    return one == other or (math.isnan(one) and math.isnan(other))
