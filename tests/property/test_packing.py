"""Arrays as text come back bit for bit, and those that fit take a byte a value."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from stream_monitor.core.arrays import pack, unpack
from stream_monitor.stats.reference import NumericReference

SMALL = st.sampled_from([0.0, 1.0, 2.0, 254.0, 255.0])
ODD = st.sampled_from([-0.0, -1.0, 256.0, 0.5, float("nan"), float("inf")]) | st.floats()


@given(arrays(np.float64, st.integers(0, 20), elements=SMALL | ODD))
def test_what_is_packed_comes_back_bit_for_bit(values: np.ndarray) -> None:
    assert unpack(pack(values)).tobytes() == values.tobytes()


@given(arrays(np.float64, st.integers(3, 300), elements=SMALL))
def test_small_whole_numbers_take_a_byte_each(values: np.ndarray) -> None:
    assert len(pack(values)) <= 1 + (len(values) + 2) // 3 * 4


@given(arrays(np.float64, st.integers(1, 50), elements=SMALL | st.floats(-1e300, 1e300)))
def test_a_reference_comes_back_bit_for_bit(values: np.ndarray) -> None:
    reference = NumericReference.learn(values)
    assert repr(NumericReference.unpacked(reference.packed).state()) == repr(reference.state())
