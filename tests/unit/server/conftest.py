"""Served pipelines: one that is busy, one that has seen nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.harness import make_pipeline
from tests.unit.server.serving import Served, busy_pipeline


@pytest.fixture(scope="module")
def busy() -> Iterator[Served]:
    served = Served(busy_pipeline())
    yield served
    served.stop()


@pytest.fixture
def fresh() -> Iterator[Served]:
    served = Served(make_pipeline([])[0])
    yield served
    served.stop()
