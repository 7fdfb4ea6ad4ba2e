"""The instructions of the project's Dockerfile, a stage at a time."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import NamedTuple

REPOSITORY = Path(__file__).parents[1]


class Instruction(NamedTuple):
    """One instruction of a Dockerfile, its lines joined."""

    keyword: str
    argument: str


def _read(path: Path) -> list[Instruction]:
    lines = [line for line in map(str.strip, path.read_text().splitlines()) if line and not line.startswith("#")]
    text = "\n".join(lines).replace("\\\n", "")
    return [Instruction(*line.split(maxsplit=1)) for line in text.splitlines()]


DOCKERFILE = _read(REPOSITORY / "docker/Dockerfile")
STARTS = [at for at, instruction in enumerate(DOCKERFILE) if instruction.keyword == "FROM"]
BUILD, RUNTIME = (DOCKERFILE[start:end] for start, end in zip(STARTS, [*STARTS[1:], None], strict=True))


def arguments(keyword: str, stage: list[Instruction]) -> list[str]:
    return [instruction.argument for instruction in stage if instruction.keyword == keyword]


def pairs(keyword: str, stage: list[Instruction]) -> dict[str, str]:
    """Return the names and values that ``NAME=VALUE ...`` instructions set."""
    words = [word for argument in arguments(keyword, stage) for word in shlex.split(argument)]
    return {name: value for name, _, value in (word.partition("=") for word in words)}
