"""HTTP server of ``/metrics``, ``/healthz``, ``/readyz`` and the landing page."""

from __future__ import annotations

import gzip
import logging
import socket
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from prometheus_client import GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import CollectorRegistry

from stream_monitor.core.errors import ConfigError, StateError
from stream_monitor.pipeline.snapshot import TakeSnapshot
from stream_monitor.server.exposition import Exposition
from stream_monitor.server.health import Health
from stream_monitor.server.page import render_page

logger = logging.getLogger(__name__)


class Reply(NamedTuple):
    """An HTTP response."""

    status: HTTPStatus
    content_type: str
    body: bytes


class MetricsServer:
    """Serves snapshots over HTTP, from a thread of its own.

    Args:
        take: Takes a snapshot; called for each request of ``/metrics`` and the page.
        health: Answers ``/healthz`` and ``/readyz``.
        host: The address to listen on.
        port: The port; 0 for any free one, which ``port`` then has.

    Raises:
        ConfigError: The address cannot be listened on.
    """

    def __init__(self, take: TakeSnapshot, health: Health, host: str, port: int) -> None:
        self._take, self._health, self._exposition = take, health, Exposition()
        self._registry = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        GCCollector(registry=self._registry)
        self._routes: dict[str, Callable[[str], Reply]] = {
            "/metrics": self._metrics,
            "/healthz": lambda _: _verdict(self._health.alive()),
            "/readyz": lambda _: _verdict(self._health.ready()),
            "/": self._page,
        }
        self._server = _listen(host, port, self._routes)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, name="metrics-server", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _metrics(self, accept: str) -> Reply:
        encode, content_type = choose_encoder(accept)
        try:
            return Reply(
                HTTPStatus.OK, content_type, self._exposition.text(self._take(), encode) + encode(self._registry)
            )
        except StateError as error:
            return _verdict([str(error)])

    def _page(self, _: str) -> Reply:
        try:
            page = render_page(self._take(), self._health.ready())
        except StateError as error:
            return _verdict([str(error)])
        return Reply(HTTPStatus.OK, "text/html; charset=utf-8", page.encode())


def _verdict(problems: list[str]) -> Reply:
    status = HTTPStatus.SERVICE_UNAVAILABLE if problems else HTTPStatus.OK
    return Reply(status, "text/plain; charset=utf-8", ("\n".join(problems) or "ok").encode() + b"\n")


def _listen(host: str, port: int, routes: dict[str, Callable[[str], Reply]]) -> ThreadingHTTPServer:
    class Server(ThreadingHTTPServer):
        daemon_threads = True
        address_family = socket.AF_INET6 if ":" in host else socket.AF_INET

    class Handler(_Handler):
        pass

    Handler.routes = routes
    try:
        return Server((host, port), Handler)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError(f"--listen: can't listen on {host}:{port}: {reason}") from None


class _Handler(BaseHTTPRequestHandler):
    routes: dict[str, Callable[[str], Reply]]
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self) -> None:
        route = self.routes.get(self.path.partition("?")[0])
        if route is None:
            self._send(Reply(HTTPStatus.NOT_FOUND, "text/plain", f"try {', '.join(self.routes)}\n".encode()))
            return
        self._send(route(self.headers.get("Accept", "")))

    do_HEAD = do_GET  # noqa: N815

    def _send(self, reply: Reply) -> None:
        body = reply.body
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        if len(body) > 4096 and "gzip" in self.headers.get("Accept-Encoding", ""):
            body = gzip.compress(body, compresslevel=1)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        logger.debug(format, *args)
