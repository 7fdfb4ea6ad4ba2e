"""Webhooks over real HTTP: signed as Standard Webhooks says, and never more trusting than needed."""

from __future__ import annotations

import socket
import threading
import time

import pytest
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from stream_monitor.actions import webhook as module
from stream_monitor.actions.webhook import Webhook
from stream_monitor.actions.webhook_signature import parse_secret, signature
from stream_monitor.actions.webhook_url import check_url, is_loopback
from stream_monitor.core.clock import SystemClock
from stream_monitor.core.errors import SinkError
from tests.receiver import SECRET, receiving
from tests.unit.actions.notices import EACH, REQUEST

OTHER = "whsec_" + "A" * 40


def _webhook(url: str, *secrets: str) -> Webhook:
    return Webhook(url, [parse_secret(text) for text in secrets or (SECRET,)], "/stream-monitor/g", SystemClock())


def test_the_official_library_verifies_each_message() -> None:
    with receiving() as receiver:
        for notice in EACH:
            _webhook(receiver.url).send(notice)
    assert [event["id"] for event in receiver.accepted] == [notice.id for notice in EACH]
    assert [each.headers["webhook-id"] for each in receiver.requests] == [notice.id for notice in EACH]
    assert receiver.requests[0].headers["content-type"] == "application/cloudevents+json"
    assert abs(int(receiver.requests[0].headers["webhook-timestamp"]) - time.time()) < 60


def test_while_a_secret_is_replaced_both_are_good() -> None:
    with receiving() as receiver:
        _webhook(receiver.url, OTHER, SECRET).send(REQUEST)
    assert len(receiver.requests[0].headers["webhook-signature"].split()) == 2


def test_another_secret_or_body_is_found() -> None:
    secret, body, now = parse_secret(SECRET), b"{}", int(time.time())
    headers = {
        "webhook-id": "a",
        "webhook-timestamp": str(now),
        "webhook-signature": signature([secret], "a", now, body),
    }
    Verifier(SECRET).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Verifier(OTHER).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Verifier(SECRET).verify(b"{ }", headers)


@pytest.mark.parametrize("status", [301, 302, 307, 400, 404, 410, 429, 500, 503])
def test_an_answer_other_than_2xx_is_an_error_and_no_redirect_is_followed(status: int) -> None:
    with receiving() as receiver:
        receiver.statuses = [status]
        with pytest.raises(SinkError) as error:
            _webhook(receiver.url + "?token=hidden").send(REQUEST)
    assert str(error.value) == f"http://127.0.0.1:{receiver.port} answers {status}; allowed: 200 to 299"
    assert len(receiver.requests) == 1


def test_nobody_there_is_an_error() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/secret-path"
    with pytest.raises(SinkError, match=r"can't be reached: .*refused") as error:
        _webhook(url).send(REQUEST)
    assert "secret-path" not in str(error.value)


def test_a_receiver_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TIMEOUT", 0.2)
    with receiving() as receiver:
        receiver.delay = 1.0
        with pytest.raises(SinkError, match=r"can't be reached: .*timed out"):
            _webhook(receiver.url).send(REQUEST)


def test_one_that_does_not_speak_http_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TIMEOUT", 2.0)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            peer, _ = server.accept()
            peer.sendall(b"hello\r\n\r\n")
            peer.close()

        threading.Thread(target=answer, daemon=True).start()
        with pytest.raises(SinkError, match="can't be reached"):
            _webhook(f"http://127.0.0.1:{server.getsockname()[1]}/").send(REQUEST)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "does not begin with whsec_"),
        ("secret", "does not begin with whsec_"),
        ("whsec_" + "A" * 28, "has 21 bytes; allowed: whsec_ and the base64 of 24 to 64"),
        ("whsec_" + "A" * 100, "has 75 bytes"),
        ("whsec_A", "is not base64"),
    ],
)
def test_secrets_that_are_refused(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told) as error:
        parse_secret(text)
    assert text[6:] == "" or text[6:] not in str(error.value)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hooks.example",
        "ftp://hooks.example/",
        "https:///path",
        "http://a b/",
        "https://h:99999/",
        "https://u:p@h/",
        "https://h/#x",
    ],
)
def test_urls_that_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match="allowed: ") as error:
        check_url(url)
    assert "u:p" not in str(error.value)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://localhost:1/", True),
        ("http://[::1]/", True),
        ("http://127.9.9.9/", True),
        ("http://[fe80::1]/", False),
    ],
)
def test_loopback(url: str, expected: bool) -> None:
    assert is_loopback(check_url(url)) is expected
