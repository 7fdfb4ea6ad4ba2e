"""The base of all settings, and a setting's field."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


def setting(default: Any, description: str, metavar: str = "TEXT", **limits: Any) -> Any:
    """Return a field whose flag has this help and metavar."""
    return Field(default, description=description, json_schema_extra={"metavar": metavar}, **limits)


class Settings(BaseModel):
    """The base of all settings. An unknown name is an error, and no error repeats a value."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
