"""URLs of webhooks: what is allowed, and what of one may be shown."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def shown_url(url: str) -> str:
    """Return the part of a URL that holds no secret: scheme, host and port.

    >>> shown_url("https://hooks.example/services/T0/B0?token=x")
    'https://hooks.example'
    """
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def is_loopback(url: str) -> bool:
    """Return whether a URL is of this machine.

    >>> is_loopback("http://127.0.0.1:8080/hook"), is_loopback("http://10.0.0.1/")
    (True, False)
    """
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def check_url(url: str) -> str:
    """Return a URL that notices can be posted to; no error repeats more of it than its host."""
    try:
        parts = urlsplit(url)
        is_whole = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_whole = False
    if not is_whole or any(mark <= " " for mark in url):
        raise ValueError("is no URL; allowed: https://HOST[:PORT][/PATH], or http:// on loopback")
    if parts.username is not None or parts.fragment:
        raise ValueError(f"{shown_url(url)} has a user name or a fragment; allowed: host, port, path and query")
    return url
