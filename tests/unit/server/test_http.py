"""The HTTP server: methods, paths, compression, and addresses that cannot be used."""

from __future__ import annotations

import gzip
import socket

import pytest

from stream_monitor.core.errors import ConfigError
from tests.harness import make_pipeline
from tests.unit.server.serving import Served, serve


@pytest.mark.parametrize("path", ["/metrics", "/healthz", "/readyz", "/"])
def test_head_has_the_length_and_no_body(busy: Served, path: str) -> None:
    status, headers, body = busy.get(path, method="HEAD")
    assert status == 200
    assert int(headers["Content-Length"]) > 0
    assert body == b""


def test_long_replies_are_compressed_when_asked(busy: Served) -> None:
    _, headers, body = busy.get("/metrics", **{"Accept-Encoding": "gzip"})
    assert headers["Content-Encoding"] == "gzip"
    assert b"stream_monitor_build_info" in gzip.decompress(body)
    assert "Content-Encoding" not in busy.get("/metrics")[1]


def test_an_unknown_path_names_the_known(busy: Served) -> None:
    status, _, body = busy.get("/metric")
    assert status == 404
    assert b"/metrics, /healthz, /readyz, /" in body


def test_a_query_is_ignored(busy: Served) -> None:
    assert busy.get("/metrics?x=1")[0] == 200


def test_a_port_that_is_taken() -> None:
    pipeline, _ = make_pipeline([])
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"--listen: can't listen on 127.0.0.1:{port}: .*in use"):
            serve(pipeline, "127.0.0.1", port)


@pytest.mark.parametrize("host", ["no.such.host.invalid", "256.0.0.1", "x" * 300])
def test_a_host_that_is_none(host: str) -> None:
    pipeline, _ = make_pipeline([])
    with pytest.raises(ConfigError, match="--listen: can't listen on"):
        serve(pipeline, host, 0)
