"""The state is parsed once, when a checkpoint is opened; `load` returns that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stream_monitor.state.checkpoint import Checkpoint
from stream_monitor.state.parts import Parts


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Record the encoded states that are parsed."""
    bodies: list[bytes] = []
    loads = Parts.loads

    def note(self: Parts, body: bytes) -> Any:
        bodies.append(body)
        return loads(self, body)

    monkeypatch.setattr(Parts, "loads", note)
    return bodies


def _save(directory: Path, state: dict[str, Any]) -> None:
    checkpoint = Checkpoint(directory)
    checkpoint.save(state)
    checkpoint.close()


def test_a_start_parses_the_state_once(tmp_path: Path, parsed: list[bytes]) -> None:
    _save(tmp_path, {"number": 1})
    checkpoint = Checkpoint(tmp_path)
    assert checkpoint.load() == {"number": 1}
    assert len(parsed) == 1
    checkpoint.close()


def test_what_is_loaded_is_not_kept(tmp_path: Path, parsed: list[bytes]) -> None:
    _save(tmp_path, {"number": 1})
    checkpoint = Checkpoint(tmp_path)
    first = checkpoint.load()
    assert first is not None
    first["number"] = 2
    assert checkpoint.load() == {"number": 1}
    assert len(parsed) == 2
    checkpoint.close()


def test_after_a_save_the_new_state_is_loaded(tmp_path: Path) -> None:
    _save(tmp_path, {"number": 1})
    checkpoint = Checkpoint(tmp_path)
    checkpoint.save({"number": 2})
    assert checkpoint.load() == {"number": 2}
    checkpoint.close()


def test_a_new_directory_has_no_state(tmp_path: Path, parsed: list[bytes]) -> None:
    checkpoint = Checkpoint(tmp_path / "new")
    assert (checkpoint.load(), checkpoint.load(), parsed) == (None, None, [])
    checkpoint.close()
