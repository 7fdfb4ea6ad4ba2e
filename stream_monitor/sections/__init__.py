"""Sections of the report and the landing page: what a snapshot says about a subject.

A new section is a file here with a function from a snapshot to a `Section`, and a line in `SECTIONS`.
"""

from __future__ import annotations

from collections.abc import Callable

from stream_monitor.pipeline.snapshot import Snapshot
from stream_monitor.sections.baselines import baselines_section
from stream_monitor.sections.contract import contract_section
from stream_monitor.sections.estimated import estimated_section
from stream_monitor.sections.evaluation_sets import evaluation_section
from stream_monitor.sections.groups import groups_section
from stream_monitor.sections.mistakes import mistakes_section
from stream_monitor.sections.retraining import retraining_section
from stream_monitor.sections.section import Section
from stream_monitor.sections.versions import versions_section

#: The functions of the sections in their order; each returns None where there is nothing to tell.
SECTIONS: tuple[Callable[[Snapshot], Section | None], ...] = (
    estimated_section,
    baselines_section,
    versions_section,
    groups_section,
    contract_section,
    evaluation_section,
    retraining_section,
)


def sections(snapshot: Snapshot, *, is_live: bool) -> list[Section]:
    """Return the sections with something to tell, the seven mistakes last.

    Args:
        snapshot: The snapshot.
        is_live: Whether it is of a running sidecar, not of files.
    """
    found = [made for make in SECTIONS if (made := make(snapshot))]
    return [*found, mistakes_section(snapshot, is_live=is_live)]
