"""Turns the sidecar's webhook into a ``repository_dispatch`` event of GitHub.

Environment: ``WEBHOOK_SECRET`` (whsec_...), ``GITHUB_TOKEN`` (may write contents of the repository),
``GITHUB_REPOSITORY`` (owner/name), and if need be ``GITHUB_API_URL``, ``LISTEN_PORT``. It listens on loopback: run it
beside the sidecar, with ``--webhook http://127.0.0.1:8087/``.
"""

from __future__ import annotations

import base64
import hmac
import json
import os
import time
import urllib.error
import urllib.request
from collections import OrderedDict
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar

TYPE = "stream_monitor.retrain.requested"
#: Seconds by which the time of a message may differ from now.
TOLERANCE = 300
#: Ids of requests that are remembered, so that a repetition starts nothing.
MAX_IDS = 1_000
#: Bytes of a message.
MAX_BODY = 8 << 20


def is_signed(headers: Any, body: bytes, secret: str, now: float) -> bool:
    """Return whether a message was signed with the secret, a short time ago, as Standard Webhooks says."""
    identity, seconds = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not seconds.isdecimal() or abs(now - int(seconds)) > TOLERANCE:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_") + "==")
    digest = hmac.digest(key, f"{identity}.{seconds}.".encode() + body, "sha256")
    wanted = f"v1,{base64.b64encode(digest).decode()}"
    given = headers.get("webhook-signature", "").split()
    return any(hmac.compare_digest(wanted.encode(), each.encode()) for each in given)


def dispatch_of(event: dict[str, Any]) -> dict[str, Any]:
    """Return the body of a dispatch: at most ten properties, and little enough for GitHub."""
    data = event["data"]
    payload = {name: data[name] for name in ("model", "version", "index", "ts", "labels")}
    reasons = [{"policy": reason["policy"], "text": reason["text"][:500]} for reason in data["reasons"]]
    sets = data["evaluation_sets"][-100:]
    payload |= {"id": event["id"], "source": event["source"], "reasons": reasons, "evaluation_sets": sets}
    return {"event_type": "retrain-requested", "client_payload": payload}


def send(body: dict[str, Any], environment: dict[str, str]) -> int:
    """Send a dispatch to GitHub; return the status of its answer, 0 without one."""
    api = environment.get("GITHUB_API_URL", "https://api.github.com")
    request = urllib.request.Request(
        f"{api}/repos/{environment['GITHUB_REPOSITORY']}/dispatches",
        json.dumps(body).encode(),
        {
            "accept": "application/vnd.github+json",
            "authorization": f"Bearer {environment['GITHUB_TOKEN']}",
            "content-type": "application/json",
            "x-github-api-version": "2022-11-28",
        },
        method="POST",
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
    except OSError:
        return 0


class Forwarder(BaseHTTPRequestHandler):
    """Answers 204 once GitHub has taken a request, 502 if it has not: the sidecar then tries again."""

    environment: ClassVar[dict[str, str]] = dict(os.environ)
    done: ClassVar[OrderedDict[str, None]] = OrderedDict()

    def do_POST(self) -> None:
        """Take one message."""
        size = self.headers.get("content-length", "")
        body = self.rfile.read(int(size)) if size.isdecimal() and int(size) <= MAX_BODY else b""
        if not is_signed(self.headers, body, self.environment["WEBHOOK_SECRET"], time.time()):
            self._answer(401)
            return
        event = json.loads(body)
        if event["type"] == TYPE and event["id"] not in self.done:
            status = send(dispatch_of(event), self.environment)
            if status != 204:
                self.log_error("GitHub answers %d", status)
                self._answer(502)
                return
            self.done[event["id"]] = None
            if len(self.done) > MAX_IDS:
                self.done.popitem(last=False)
        self._answer(204)

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()


if __name__ == "__main__":
    HTTPServer(("127.0.0.1", int(os.environ.get("LISTEN_PORT", "8087"))), Forwarder).serve_forever()
