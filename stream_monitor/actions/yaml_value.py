"""One value of a YAML file, replaced so that every other byte of the file stays as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import orjson
import yaml

#: Bytes of a file that is edited, at most.
MAX_BYTES = 1 << 20
#: Types of values.
_TEXT, _NUMBERS = "tag:yaml.org,2002:str", ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")


class YamlValueError(ValueError):
    """A file is no YAML, or has no such value, or one that can't be replaced."""


class YamlValue:
    """A value of a YAML file, under a key such as ``spec.template.containers.0.tag``.

    A number is a position in a list; a dot within a name is written with a backslash before it. Of several documents
    in the file, the one that has the key counts.

    Args:
        content: The content of the file.
        key: The key.

    Raises:
        YamlValueError: The file is no YAML, or has no plain or quoted value under this key.

    >>> value = YamlValue(b"spec:\\n  version: '3'  # live\\n", "spec.version")
    >>> value.text, value.replaced("4")
    ('3', b"spec:\\n  version: '4'  # live\\n")
    """

    def __init__(self, content: bytes, key: str) -> None:
        if len(content) > MAX_BYTES:
            raise YamlValueError(f"has {len(content):,} bytes; allowed: {MAX_BYTES:,}")
        self._key, self._path = key, [part.replace("\\.", ".") for part in re.split(r"(?<!\\)\.", key)]
        try:
            self._content = content.decode()
            self._node = self._find(self._content)
        except (UnicodeDecodeError, yaml.YAMLError) as error:
            raise YamlValueError(f"is no YAML: {' '.join(str(error).split())}") from None
        except RecursionError:
            raise YamlValueError("is nested too deeply") from None
        if self._content[self._node.start_mark.index] in "&!|>":
            raise YamlValueError(f"{key} has an anchor, a tag or a block; allowed: a plain or quoted value")

    @property
    def text(self) -> str:
        """The value as it is written, without quotes."""
        return str(self._node.value)

    def replaced(self, new: str) -> bytes:
        """Return the content with another value: in the quotes of the present one, or in quotes where it needs them.

        Raises:
            YamlValueError: YAML can't hold it.
        """
        start, end = self._node.start_mark.index, self._node.end_mark.index
        for written in self._written(new):
            content = self._content[:start] + written + self._content[end:]
            if self._is_right(content, new):
                return content.encode()
        raise YamlValueError(f"{self._key} can't take the value {new!r}")

    def _written(self, new: str) -> Iterator[str]:
        """Yield the ways to write a value, the nearest to that of the present one first."""
        if self._node.style is None:
            yield new
        if self._node.style == "'":
            yield "'" + new.replace("'", "''") + "'"
        yield orjson.dumps(new).decode()

    def _is_right(self, content: str, new: str) -> bool:
        """Check that a reader gets this text, or after a number a number written like it, and all else as before."""
        try:
            before, after, node = _tokens(self._content), _tokens(content), self._find(content)
            is_number = node.tag == self._node.tag and node.tag in _NUMBERS and str(yaml.safe_load(new)) == new
        except (yaml.YAMLError, ValueError):
            return False
        changed = [one for one, other in zip(before, after, strict=False) if one != other]
        return (
            node.value == new and (is_number or node.tag == _TEXT) and len(before) == len(after) and len(changed) <= 1
        )

    def _find(self, content: str) -> yaml.ScalarNode:
        """Return the value under the key; raises `YamlValueError` unless there is exactly one."""
        found = [node for document in yaml.compose_all(content) for node in _nodes(document, self._path)]
        if len(found) != 1:
            raise YamlValueError(
                f"has the key {self._key} {len(found)} times" if found else f"has no key {self._key}"
            )
        (node,) = found
        if not isinstance(node, yaml.ScalarNode) or node.start_mark.index == node.end_mark.index:
            raise YamlValueError(f"has no value at {self._key}; allowed: text or a number")
        return node


def _nodes(node: Any, path: Sequence[str]) -> Iterator[Any]:
    """Yield the nodes at a path."""
    if not path:
        yield node
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value == path[0]:
                yield from _nodes(_own(value, key), path[1:])
    elif isinstance(node, yaml.SequenceNode) and path[0].isdecimal() and int(path[0]) < len(node.value):
        yield from _nodes(_own(node.value[int(path[0])], node), path[1:])


def _own(value: yaml.Node, before: yaml.Node) -> yaml.Node:
    """Return a node; raises `YamlValueError` if it is an alias, whose value other keys have, too."""
    if value.start_mark.index < before.start_mark.index:
        raise YamlValueError("has an alias at the key; allowed: a plain or quoted value")
    return value


def _tokens(content: str) -> list[tuple[type, Any]]:
    """Return what a file is made of, without comments, places and quotes."""
    return [(type(token), getattr(token, "value", None)) for token in yaml.scan(content)]
