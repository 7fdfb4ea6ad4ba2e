"""Webhooks: notices as signed HTTP requests."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from collections.abc import Sequence
from typing import Any

from stream_monitor import __version__
from stream_monitor.actions.cloud_event import CONTENT_TYPE, encoded
from stream_monitor.actions.notice import Notice
from stream_monitor.actions.webhook_signature import signature
from stream_monitor.actions.webhook_url import shown_url
from stream_monitor.core.clock import Clock
from stream_monitor.core.errors import SinkError

#: Seconds to wait for a connection, and for each part of an answer.
TIMEOUT = 15.0


class Webhook:
    """Posts notices to a URL.

    Args:
        url: The URL.
        secrets: The secrets, each of which signs; a receiver needs to know one of them.
        source: The source of the events.
        clock: The time of an attempt.
    """

    def __init__(self, url: str, secrets: Sequence[bytes], source: str, clock: Clock) -> None:
        self._url, self._secrets, self._source, self._clock = url, secrets, source, clock
        self._opener = urllib.request.build_opener(_NoRedirect)

    def send(self, notice: Notice) -> None:
        """Post one notice.

        Raises:
            SinkError: It is not accepted with a status from 200 to 299, in time.
        """
        body, seconds = encoded(notice, self._source), int(self._clock.now())
        headers = {
            "content-type": CONTENT_TYPE,
            "user-agent": f"stream-monitor/{__version__}",
            "webhook-id": notice.id,
            "webhook-timestamp": str(seconds),
            "webhook-signature": signature(self._secrets, notice.id, seconds, body),
        }
        request = urllib.request.Request(self._url, body, headers, method="POST")
        try:
            self._opener.open(request, timeout=TIMEOUT).close()
        except urllib.error.HTTPError as error:
            error.close()
            raise SinkError(f"{shown_url(self._url)} answers {error.code}; allowed: 200 to 299") from None
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", None) or error
            raise SinkError(f"{shown_url(self._url)} can't be reached: {_one_line(reason)}") from None

    def close(self) -> None:
        """Do nothing: no connection is kept."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: a message goes to the address that was given, or nowhere."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _one_line(error: object) -> str:
    return " ".join(str(error).split())[:200]
