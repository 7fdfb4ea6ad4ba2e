"""Signatures of webhooks.

Source: the Standard Webhooks specification 1.0.0: the headers ``webhook-id``, ``webhook-timestamp`` and
``webhook-signature``, which is ``v1,`` and the base64 of an HMAC-SHA256.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Sequence

#: Bytes of a secret.
MIN_SECRET, MAX_SECRET = 24, 64
_PREFIX = "whsec_"


def signature(secrets: Sequence[bytes], identity: str, seconds: int, body: bytes) -> str:
    """Return the value of ``webhook-signature``: one signature a secret.

    >>> secret = parse_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    >>> signature([secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
    """
    signed = f"{identity}.{seconds}.".encode() + body
    digests = (hmac.digest(secret, signed, "sha256") for secret in secrets)
    return " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests)


def parse_secret(text: str) -> bytes:
    """Return the bytes of a secret out of ``whsec_`` and their base64; no error repeats it."""
    wanted = f"whsec_ and the base64 of {MIN_SECRET} to {MAX_SECRET} random bytes"
    if not text.startswith(_PREFIX):
        raise ValueError(f"a secret does not begin with {_PREFIX}; allowed: {wanted}")
    try:
        secret = base64.b64decode(text.removeprefix(_PREFIX) + "==", validate=False)
    except (binascii.Error, ValueError):
        raise ValueError(f"a secret is not base64; allowed: {wanted}") from None
    if not MIN_SECRET <= len(secret) <= MAX_SECRET:
        raise ValueError(f"a secret has {len(secret)} bytes; allowed: {wanted}")
    return secret
