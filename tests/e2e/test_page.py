"""The landing page, as a browser shows it."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest

from tests.brokers import Broker
from tests.conftest import MakeTopic
from tests.e2e.browser import dump_dom
from tests.integration.events import prediction, send
from tests.integration.sidecar import Sidecar, watch

pytestmark = pytest.mark.browser


def rows(dom: str, heading: str) -> list[list[str]]:
    """Return the cells of the table under a heading, without its first row."""
    section = dom.split(f"<h2>{heading}</h2>", 1)[1].split("<h2>", 1)[0]
    found = [re.findall(r"<td[^>]*>(.*?)(?=<td[ >]|</td>|$)", row, re.S) for row in section.split("<tr>")]
    return [[unescape(cell.strip()) for cell in cells] for cells in found if cells]


def test_the_page_shows_models_drifts_and_rejects(
    embedded_broker: Broker, topic: MakeTopic, chromium: str, tmp_path: Path
) -> None:
    name = topic("page")
    shifted = [prediction(at, model="<churn>", features={"age": at % 7 + 50 * (at >= 1000)}) for at in range(2000)]
    other = [prediction(at, prefix="o", model="fraud", version="2", label="yes") for at in range(100)]
    send(embedded_broker, name, [*shifted, *other, b"garbage", b"[]"])
    with Sidecar(*watch(embedded_broker, name)) as sidecar:
        sidecar.wait_for_records(2102)
        dom = dump_dom(chromium, sidecar.url, tmp_path / "profile")
        sidecar.stop()
    models = {row[0]: row for row in rows(dom, "Models")}
    assert models["<churn>"][1:4] == ["default", "2,000", "0"]
    assert models["fraud"][1:5] == ["2", "100", "100", "accuracy 0.5 (0.4038 to 0.5962), balanced accuracy 0.5"]
    drifts = {(row[1], row[2], row[3]) for row in rows(dom, "Last drifts")}
    assert ("<churn> / default", "feature:age", "glr") in drifts
    assert dict(rows(dom, "Rejected records")) == {"not_json": "1", "not_object": "1"}
    assert ">ready</span>" in dom
