"""Sections as HTML."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape

from stream_monitor.core.formatting import plain
from stream_monitor.sections.section import Cell, Part, Section, Table


def text(value: object) -> str:
    """Escape a value as text or an attribute of HTML; control characters are made visible."""
    return escape(plain(value).encode("utf-8", "replace").decode())


def render(sections: Iterable[Section], figures: Mapping[str, str] | None = None) -> str:
    """Return sections as HTML.

    Args:
        sections: The sections.
        figures: HTML that is shown at the end of a section, by its name.
    """
    return "".join(_section(section, (figures or {}).get(section.name, "")) for section in sections)


def contents(sections: Iterable[Section]) -> str:
    """Return links to sections as HTML."""
    return " ".join(f'<a href="#{section.name}">{text(section.title)}</a>' for section in sections)


def _section(section: Section, figure: str) -> str:
    parts = "".join(map(_part, section.parts))
    return f"<section id={section.name} class=told>\n<h2>{text(section.title)}</h2>\n{parts}{figure}\n</section>\n"


def _part(part: Part) -> str:
    if part.is_folded:
        opened = _part(part._replace(title="", is_folded=False))
        return f"<details><summary>{text(part.title)}</summary>{opened}</details>"
    heading = f"<h3>{text(part.title)}</h3>" if part.title else ""
    lines = "".join(f"<p>{text(line)}</p>" for line in part.lines)
    warnings = "".join(f"<p class=warning>{text(line)}</p>" for line in part.warnings)
    return f"{heading}{lines}{''.join(map(_table, part.tables))}{warnings}"


def _table(table: Table) -> str:
    classes = ["number" if name in table.numbers else "long" if name in table.texts else "" for name in table.head]
    head = "".join(f"<th{_class(kind)}>{text(name)}" for name, kind in zip(table.head, classes, strict=True))
    rows = "".join(
        "<tr>" + "".join(_cell(cell, kind) for cell, kind in zip(row, classes, strict=True)) for row in table.rows
    )
    note = f"<p class=note>{text(table.note)}</p>" if table.note else ""
    return f"<div class=wide><table><tr>{head}{rows}</table></div>{note}"


def _cell(cell: Cell | str, kind: str) -> str:
    shown, small, tone = cell if isinstance(cell, Cell) else Cell(cell)
    words = f"<span class={tone}>{text(shown)}</span>" if tone else text(shown)
    return f"<td{_class(kind)}>{words}{f'<small>{text(small)}</small>' if small else ''}"


def _class(kind: str) -> str:
    return f" class={kind}" if kind else ""
