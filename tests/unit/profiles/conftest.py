"""A fixture without settings in the environment."""

from __future__ import annotations

import pytest

from stream_monitor.config.loading import variable


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("field", "feature_type", "task", "max_features", "format", "config"):
        monkeypatch.delenv(variable(name), raising=False)
