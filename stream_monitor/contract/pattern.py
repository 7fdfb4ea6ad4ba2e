"""Regular expressions that are matched in a time linear in the length of the text."""

from __future__ import annotations

from pydantic_core import SchemaError, SchemaValidator, core_schema

#: Characters of a pattern at most.
MAX_PATTERN_LENGTH = 1_000


class Pattern:
    """A regular expression that is found anywhere in a text, as in JSON Schema.

    The engine is Rust's, which pydantic brings along: it never backtracks, so that no pattern and no text can take a
    time that explodes; look-around and back-references are refused for that reason.

    Args:
        text: The regular expression.

    Raises:
        ValueError: It is no regular expression of this engine, or too long.

    >>> Pattern("^(a+)+$").is_in("aaaa"), Pattern("^(a+)+$").is_in("a" * 10_000 + "!")
    (True, False)
    """

    def __init__(self, text: str) -> None:
        if len(text) > MAX_PATTERN_LENGTH:
            raise ValueError(f"a pattern of {len(text):,} characters; allowed: at most {MAX_PATTERN_LENGTH:,}")
        try:
            self.is_in = SchemaValidator(core_schema.str_schema(pattern=text, strict=True)).isinstance_python
        except SchemaError as error:
            reason = str(error).strip().splitlines()[-1].strip().removeprefix("error: ").removeprefix("SchemaError: ")
            raise ValueError(f"{text!r} is not a pattern that can be matched: {reason}") from None
