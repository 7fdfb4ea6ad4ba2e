"""Random streams, configs and batch cuts, and the oracles shared by several tests."""

from __future__ import annotations

import inspect
import math
from collections.abc import Sequence
from typing import Any, Literal, get_args, get_origin

import numpy as np
import river.drift
import river.drift.binary
from hypothesis import strategies as st
from pydantic import ValidationError

from stream_monitor.core.arrays import Floats
from stream_monitor.detectors import KINDS, Change, Detector, DetectorConfig
from stream_monitor.signals.columns import Column

#: The maximum length of a segment for detectors whose river class takes 0.2 ms per value.
MAX_SEGMENT = {"kswin": 200}
#: Parameters of river's class that ours does not have: initial data.
NOT_OURS = {"kswin": {"window"}}
#: Our defaults that differ from river's. Without a seed two runs would differ; 0 stands for no short window, because
#: the command line has no None; and river's FHDDM detects falls although its documentation defines ones as errors.
OUR_DEFAULTS: dict[str, dict[str, Any]] = {"kswin": {"seed": 0}, "fhddm": {"short_window_size": 0, "mode": "up"}}

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
    """Draw a stream of a few segments with different distributions and levels."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    parts = [np.empty(0)]
    for _ in range(draw(st.integers(1, segments))):
        shape = _SHAPES[draw(st.sampled_from(sorted(_SHAPES)))]
        level = draw(st.sampled_from((0.0, 0.0, 0.5, -0.5, 1.0, -2.0, 3.0)))
        length = draw(st.one_of(st.sampled_from((longest, longest // 2)), st.integers(0, longest)))
        parts.append(shape(rng, length) + level)
    return np.concatenate(parts)


@st.composite
def shares(draw: st.DrawFn, segments: int = 4, longest: int = 1200) -> Floats:
    """Draw a stream of a few segments of zeros and ones: random, constant, or a repeated pattern."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    parts = [np.empty(0)]
    for _ in range(draw(st.integers(1, segments))):
        length = draw(st.one_of(st.sampled_from((longest, longest // 2)), st.integers(0, longest)))
        share = draw(st.sampled_from((0.0, 0.02, 0.1, 0.3, 0.5, 0.9, 1.0)))
        segment = rng.random(length) < share
        if draw(st.integers(0, 3)) == 0:
            segment = np.resize(rng.random(draw(st.integers(1, 8))) < share, length)
        parts.append(segment.astype(float))
    return np.concatenate(parts)


def streams_of(kind: str, segments: int = 4, longest: int = 1200) -> st.SearchStrategy[Floats]:
    """Return a strategy of streams that a detector of this kind supports; short ones if its oracle is slow."""
    longest = min(longest, MAX_SEGMENT.get(kind, longest))
    return (streams if "number" in KINDS[kind].takes else shares)(segments=segments, longest=longest)


@st.composite
def cuts(draw: st.DrawFn) -> list[float]:
    """Draw the positions at which to cut a stream, as shares of its length."""
    return sorted(draw(st.lists(st.floats(0, 1), max_size=8)))


def cut(values: Floats, shares: Sequence[float]) -> list[Floats]:
    """Cut a stream into batches, some of which may be empty."""
    return np.split(values, [int(share * len(values)) for share in shares])


def configs(kind: str) -> st.SearchStrategy[DetectorConfig]:
    """Return a strategy of valid configs of a detector, derived from the fields of its config."""
    fields = {name: field for name, field in KINDS[kind].model_fields.items() if name != "kind"}
    parameters = {name: _values(field.annotation, field.metadata, field.default) for name, field in fields.items()}
    given = st.fixed_dictionaries({}, optional=parameters).map(lambda given: _config(kind, given))
    return given.filter(lambda config: config is not None)


def _config(kind: str, parameters: dict[str, Any]) -> DetectorConfig | None:
    """Return the config, or None if the parameters are not valid together."""
    try:
        return KINDS[kind](**parameters)
    except ValidationError:
        return None


def _values(annotation: Any, metadata: Sequence[Any], default: Any) -> st.SearchStrategy[Any]:
    if get_origin(annotation) is Literal:
        return st.sampled_from(get_args(annotation))
    if annotation is bool:
        return st.booleans()
    limits = {name: getattr(m, name) for m in metadata for name in ("gt", "ge", "lt", "le") if hasattr(m, name)}
    if annotation is int:
        low = limits.get("ge", limits.get("gt", -1) + 1)
        high = 3 * max(default, low) + 2
        return st.integers(low, min(high, limits.get("le", high)))
    low, high = limits.get("ge", limits.get("gt", 0.0)), limits.get("le", limits.get("lt", 2 * default))
    inner = st.floats(low, high, exclude_min="gt" in limits, exclude_max="lt" in limits, allow_subnormal=False)
    return inner.filter(lambda value: value == low or value - low > 1e-9)


def feed(detector: Detector, batches: Sequence[Floats]) -> list[Change]:
    """Feed batches to a detector; return the changes with indices in the whole stream."""
    found: list[Change] = []
    start = 0
    for batch in batches:
        found += [change._replace(index=start + change.index) for change in detector.update_many(batch)]
        start += len(batch)
    return found


def river_class(kind: str) -> type[river.drift.ADWIN] | None:
    """Return river's detector class of the same name, or None."""
    modules = (river.drift, river.drift.binary)
    names = {name.lower(): (module, name) for module in modules for name in module.__all__}
    found = names.get(kind.replace("_", ""))
    return getattr(*found) if found else None


def river_indices(config: DetectorConfig, values: Floats) -> list[int]:
    """Return the indices at which river's class detects a drift in a stream."""
    parameters = config.model_dump()
    kind = parameters.pop("kind")
    if kind == "fhddm":
        parameters["short_window_size"] = parameters["short_window_size"] or None
        mode = parameters.pop("mode")
        if mode == "both":
            return _first_of_both(config, values)
        values = values if mode == "down" else 1.0 - values
    theirs = river_class(kind)(**parameters)  # type: ignore[misc]
    found = []
    for index, value in enumerate(values.tolist()):
        theirs.update(value)
        if theirs.drift_detected:
            found.append(index)
    return found


def _first_of_both(config: DetectorConfig, values: Floats) -> list[int]:
    """Return the indices at which either of two river detectors, one per direction, detects; both are then reset."""
    found: list[int] = []
    start = 0
    while start < len(values):
        both = [config.model_copy(update={"mode": mode}) for mode in ("up", "down")]
        hits = [index for one in both for index in river_indices(one, values[start:])[:1]]
        if not hits:
            break
        found.append(start + min(hits))
        start = found[-1] + 1
    return found


def river_defaults(kind: str) -> dict[str, Any]:
    """Return the parameters and defaults of river's class."""
    theirs = river_class(kind)
    parameters = inspect.signature(theirs).parameters if theirs else {}
    defaults = {
        name: parameter.default for name, parameter in parameters.items() if name not in NOT_OURS.get(kind, ())
    }
    return defaults | OUR_DEFAULTS.get(kind, {})


def same(one: float, other: float) -> bool:
    """Return True if two numbers are equal or both NaN."""
    return one == other or (math.isnan(one) and math.isnan(other))


def column_of(values: Floats, step: float = 60.0) -> Column:
    """Return values as a column of predictions that are ``step`` seconds apart."""
    count = len(values)
    return Column(np.asarray(values, dtype=np.float64), np.arange(count), step * np.arange(count))
