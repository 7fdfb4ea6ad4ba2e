"""A pipeline that is stopped and restored ends in the state of one that never stopped."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_monitor.core.errors import BadState, ConfigError
from stream_monitor.state.checkpoint import Checkpoint
from stream_monitor.state.rocksdb import FORMAT
from tests.examples import examples
from tests.property.restarts import make_stream, play


@settings(max_examples=examples(12), deadline=None)
@given(
    seed=st.integers(0, 1000),
    stops=st.lists(st.integers(1, 1800), min_size=1, max_size=4),
    batch_size=st.integers(1, 400),
    maturity=st.sampled_from((0.0, 30.0, 400.0)),
)
def test_a_restart_changes_nothing(seed: int, stops: list[int], batch_size: int, maturity: float) -> None:
    records = make_stream(seed, 1000)
    assert play(records, stops, batch_size, maturity) == play(records, [], 250, maturity)


def test_detections_were_among_it() -> None:
    assert play(make_stream(1, 1000), [900], 100)[1]


def test_a_second_process_is_refused(tmp_path: Path) -> None:
    first = Checkpoint(tmp_path)
    with pytest.raises(ConfigError, match="in use by another process"):
        Checkpoint(tmp_path)
    first.close()


@pytest.mark.parametrize(("position", "message"), [(0, "has format"), (3, "is corrupt"), (9, "is corrupt")])
def test_a_damaged_state_is_refused_or_set_aside(tmp_path: Path, position: int, message: str) -> None:
    checkpoint = Checkpoint(tmp_path)
    checkpoint.save({"some": "state"})
    sealed = bytearray(checkpoint.store._rocksdb.get(b"state"))  # type: ignore[call-overload]
    sealed[position] ^= 0xFF
    checkpoint.store._rocksdb[b"state"] = bytes(sealed)
    checkpoint.close()
    for _ in range(2):
        with pytest.raises(BadState, match=f"{message}.*--on-bad-state reset"):
            Checkpoint(tmp_path)
    fresh = Checkpoint(tmp_path, "reset")
    assert fresh.load() is None
    fresh.save({"another": "state"})
    fresh.close()
    assert len(list(tmp_path.glob("set-aside-*/rocksdb"))) == 1
    again = Checkpoint(tmp_path, "reset")
    assert again.load() == {"another": "state"}
    again.close()


def test_a_state_of_another_river_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint = Checkpoint(tmp_path)
    checkpoint.save({})
    checkpoint.close()
    monkeypatch.setattr("stream_monitor.state.checkpoint.RIVER", "0.99")
    with pytest.raises(BadState, match=r"was written with river .*, this is 0\.99"):
        Checkpoint(tmp_path)


def test_a_state_of_the_first_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / "CURRENT").touch()
    with pytest.raises(BadState, match=f"has format 1, this version reads {FORMAT}"):
        Checkpoint(tmp_path)
    checkpoint = Checkpoint(tmp_path, "reset")
    assert checkpoint.load() is None
    checkpoint.close()
