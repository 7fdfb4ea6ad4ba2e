"""A receiver of webhooks over real HTTP, whose answers are set."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

import orjson
from standardwebhooks import Webhook

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class Request(NamedTuple):
    """A request that came, and how it was answered."""

    path: str
    headers: dict[str, str]
    body: bytes
    status: int

    @property
    def event(self) -> dict[str, Any]:
        """The body."""
        event: dict[str, Any] = orjson.loads(self.body)
        return event


class Receiver:
    """Verifies each request with the official library, and answers it.

    Attributes:
        requests: The requests, in order.
        statuses: The statuses of the next answers; after them the last one again and again.
        delay: Seconds before an answer.
    """

    def __init__(self, port: int = 0, secret: str = SECRET) -> None:
        self.requests: list[Request] = []
        self.statuses, self.delay = [204], 0.0
        self._verifier = Webhook(secret)
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver._answer(self, body)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}/hook"

    def _answer(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        headers = {name.lower(): value for name, value in handler.headers.items()}
        self._verifier.verify(body, headers)
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        time.sleep(self.delay)
        self.requests.append(Request(handler.path, headers, body, status))
        handler.send_response(status)
        if 300 <= status < 400:
            handler.send_header("location", "/elsewhere")
        handler.send_header("content-length", "0")
        handler.end_headers()

    @property
    def accepted(self) -> list[dict[str, Any]]:
        """The events that were accepted, in order."""
        return [each.event for each in self.requests if 200 <= each.status < 300]

    def start(self) -> None:
        """Serve in another thread."""
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop_listening(self) -> None:
        """Close the port, without having served."""
        self._server.server_close()

    def stop(self) -> None:
        """Serve no more."""
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def receiving(port: int = 0) -> Iterator[Receiver]:
    """Yield a receiver that serves."""
    receiver = Receiver(port)
    receiver.start()
    try:
        yield receiver
    finally:
        receiver.stop()
