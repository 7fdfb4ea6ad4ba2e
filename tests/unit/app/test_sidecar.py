"""The settings of the source that follow from the configuration."""

from __future__ import annotations

import pytest

from stream_monitor.app.sidecar import _wanted
from stream_monitor.config.settings import RunConfig
from stream_monitor.sources.kafka.record_columns import Wanted


@pytest.mark.parametrize(
    ("fields", "label_fields", "wanted"),
    [
        ({}, {}, Wanted(keys=False, headers=False)),
        ({"id": "key", "ts": "@timestamp"}, {}, Wanted(keys=False, headers=False)),
        ({"id": "@key"}, {}, Wanted(keys=True, headers=False)),
        ({}, {"id": "@key", "model": "@header.model"}, Wanted(keys=True, headers=True)),
    ],
)
def test_keys_and_headers_are_read_where_a_field_is_mapped_to_them(
    fields: dict[str, str], label_fields: dict[str, str], wanted: Wanted
) -> None:
    given = {"bootstrap_servers": ["b:1"], "topic": ["t"], "group_id": "g"}
    assert _wanted(RunConfig(**given, field=fields, label_field=label_fields)) == wanted
