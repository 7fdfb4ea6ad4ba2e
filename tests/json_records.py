"""JSON events for properties: usual ones, odd ones, and the bytes of either, spoiled."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

NUMBERS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(2**70), 2**70),
    st.sampled_from((0, 1, -0.0, 2**53 + 1, 2**63, 2**64 - 1, 2**64, 10**30, 1e308, 5e-324)),
)
SCALARS = st.one_of(
    NUMBERS,
    st.none(),
    st.booleans(),
    st.text(max_size=4),
    st.sampled_from(("yes", "1", "1.0", "nan", "NaN", "1e200")),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(("a", "", "yes")), inner, max_size=3),
    max_leaves=5,
)
IDS = st.one_of(st.integers(0, 99).map(lambda number: f"r-{number}"), st.integers(), st.floats(0, 9), SCALARS)
TIMES = st.one_of(
    st.integers(0, 10**9).map(lambda ms: f"2026-11-2{ms % 10}T12:{ms % 60:02}:{ms % 61:02}.{ms % 1000:03}Z"),
    st.sampled_from((1_795_435_200, 1_795_435_200_000, 5, 1e30, "2099-01-01T00:00:00Z", "soon", "1795435200", None)),
    SCALARS,
)
FEATURES = st.dictionaries(
    st.sampled_from(("a", "b", "c", "é", 'a"b', "")),
    st.one_of(NUMBERS, NUMBERS, SCALARS, VALUES),
    max_size=5,
)
EVENTS = st.fixed_dictionaries(
    {"id": IDS},
    optional={
        "ts": TIMES,
        "model": st.sampled_from(("m", "n", None, 1, 2.5, True, "m" * 201)),
        "version": st.sampled_from(("1", "2", None, 3, [1])),
        "features": st.one_of(FEATURES, FEATURES, FEATURES, SCALARS),
        "prediction": st.one_of(st.sampled_from(("yes", "no")), NUMBERS, VALUES),
        "score": st.one_of(st.floats(0, 1), st.dictionaries(st.sampled_from(("yes", "no", "1")), NUMBERS), VALUES),
        "groups": st.one_of(st.dictionaries(st.sampled_from(("sex", "age")), SCALARS), VALUES),
        "label": st.one_of(st.sampled_from(("yes", "no")), NUMBERS, VALUES),
        "region": SCALARS,
        "trace": VALUES,
    },
)
USUAL = st.builds(
    lambda at, numbers, label: {
        "id": f"r-{at}",
        "ts": f"2026-11-23T12:00:00.{at:03}Z",
        "features": dict(zip("abc", numbers, strict=True)),
        "prediction": None if at % 9 == 0 else "yes",
        **({"label": label} if label else {}),
    },
    st.integers(0, 999),
    st.tuples(*[st.sampled_from((0.5, 0.5, 7, 7, True, None, "DE"))] * 3),
    st.sampled_from(("yes", "no", None)),
)
DUPLICATES = (b'"id": 7, ', b'"features": {"a": 5}, ', b'"a": "x", ', b'"prediction": null, ', b'"features": null, ')


def text_of(draw: st.DrawFn, event: Any) -> bytes | None:
    """Draw the bytes of an event, of which one in two is spoiled."""
    text = json.dumps(event, ensure_ascii=draw(st.booleans())).encode(errors="surrogatepass")
    at = draw(st.integers(0, len(text)))
    way = draw(st.integers(0, 15))
    if way == 0:
        return text[:at]
    if way == 1:
        return text[:at] + draw(st.binary(min_size=1, max_size=2)) + text[at + 1 :]
    if way == 2:
        return text[:at] + draw(
            st.sampled_from((b"\xff", b"\xed\xa0\x80", b"\\ud800", b"\n", b"NaN", b"1e999", b"-", b" "))
        )
    if way == 3:
        place = text.find(b'"', at)
        return text[:place] + draw(st.sampled_from(DUPLICATES)) + text[place:]
    if way == 4:
        return draw(
            st.sampled_from((None, b"", b"{}", b"[]", b"null", text + text, text + b" \n", b"\xef\xbb\xbf" + text))
        )
    if way == 5:
        return text[:at] + b"1234567890" * 40 + text[at:]
    return text
