"""Settings of notices: where they go beside the log."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, SecretStr, ValidationInfo, field_validator

from stream_monitor.actions.webhook_signature import parse_secret
from stream_monitor.actions.webhook_url import check_url, shown_url
from stream_monitor.config.base import Settings, setting
from stream_monitor.config.value_types import split_list


def _read_secret(value: Any) -> SecretStr:
    """Return the secrets in a file or an environment variable, of which ``@file:PATH`` or ``@env:NAME`` tells."""
    kind, _, name = str(value).partition(":")
    if kind == "@env":
        if name not in os.environ:
            raise ValueError(f"the environment variable {name} is not set")
        text = os.environ[name]
    elif kind == "@file":
        try:
            text = Path(name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"can't read {name}: {type(error).__name__}") from None
    else:
        raise ValueError("must not be written out; allowed: @file:PATH or @env:NAME")
    if not text.split():
        raise ValueError(f"{name} is empty; allowed: whsec_ and base64")
    for secret in text.split():
        parse_secret(secret)
    return SecretStr(text)


def _check_urls(urls: list[str]) -> list[str]:
    return [check_url(url) for url in urls]


def _urls_shown(urls: list[str]) -> list[str]:
    return list(map(shown_url, urls))


Urls = Annotated[list[str], BeforeValidator(split_list), AfterValidator(_check_urls), PlainSerializer(_urls_shown)]
Secret = Annotated[SecretStr, BeforeValidator(_read_secret)]


class NoticeSettings(Settings):
    """Settings of webhooks and of topics for notices."""

    webhook_secret: Secret | None = setting(
        None,
        "secrets that sign webhooks, whsec_ and base64 each, separated by white space: the first one, and those that "
        "are on their way in or out; @file:PATH or @env:NAME",
        "@file:PATH|@env:NAME",
    )
    webhook: Urls = setting(
        [],
        "URL that notices and retrain requests are posted to, as CloudEvents that are signed as Standard Webhooks "
        "says; repeatable",
        "URL",
        validate_default=True,
    )
    retrain_topic: str | None = setting(
        None, "topic that retrain requests are written to, as CloudEvents; it must be there", "TOPIC"
    )
    notice_topic: str | None = setting(
        None, "topic that notices of drift are written to, as CloudEvents; it must be there", "TOPIC"
    )

    @field_validator("webhook")
    @classmethod
    def _is_signed(cls, urls: list[str], info: ValidationInfo) -> list[str]:
        secret = info.data.get("webhook_secret")
        if urls and secret is None and "webhook_secret" in info.data:
            raise ValueError("is not signed; allowed: together with --webhook-secret @file:PATH or @env:NAME")
        if secret is not None and not urls:
            raise ValueError("is missing, but --webhook-secret is given")
        return urls

    @field_validator("retrain_topic", "notice_topic")
    @classmethod
    def _is_topic(cls, name: str | None, info: ValidationInfo) -> str | None:
        if name is not None and (not re.fullmatch(r"[A-Za-z0-9._-]{1,249}", name) or name in (".", "..")):
            raise ValueError("must be a name of letters, digits, '.', '_' and '-', 249 at most")
        if name is not None and name in [*info.data.get("topic", []), *info.data.get("label_topic", [])]:
            raise ValueError(f"must be a topic that is not read; {name} is")
        return name

    @field_validator("retrain_topic")
    @classmethod
    def _has_policies(cls, name: str | None, info: ValidationInfo) -> str | None:
        if name is not None and info.data.get("retrain_on") == []:
            raise ValueError("no request is ever made; allowed: together with --retrain-on")
        return name
