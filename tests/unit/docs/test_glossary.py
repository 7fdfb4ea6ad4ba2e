"""docs/glossary.md explains words that are in use, and none that a field's term has replaced."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
GLOSSARY = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")
ENTRIES = [
    word.strip() for cell in re.findall(r"^\| ([^|]+?) \| [^|]", GLOSSARY, re.M)[1:] for word in cell.split(",")
]
#: Words of our own for what the field has a term for: each with the term.
REPLACED = {
    "block": "batch means",
    "book": "ledger",
    "channel": "detector runner",
    "clock": "stream time",
    "depart": "revoke",
    "fault": "fail point",
    "feed": "transform",
    "fence": "restore end offset",
    "figures": "formatting",
    "held": "maturity buffer",
    "home": "partition epoch",
    "homes": "partition epochs",
    "lane": "partition buffer",
    "owed": "replayed count",
    "persistence": "lag-1 estimator",
    "place": "topic partition",
    "raiser": "alarm position",
    "reached": "applied offset",
    "readers": "snapshot reads",
    "retired": "evicted",
    "settle": "match",
    "table": "key-value store",
    "terms": "context",
}


def _uses() -> str:
    files = [*ROOT.glob("stream_monitor/**/*.py"), *ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
    texts = [path.read_text(encoding="utf-8") for path in files if path.name != "glossary.md"]
    return " ".join(" ".join(texts).lower().split())


def test_there_are_entries() -> None:
    assert len(ENTRIES) > 20
    assert len(set(ENTRIES)) == len(ENTRIES)


@pytest.mark.parametrize("word", sorted(REPLACED))
def test_a_word_that_gave_way_to_a_term_is_no_entry(word: str) -> None:
    assert word not in ENTRIES


def test_every_entry_is_in_use() -> None:
    uses = _uses()
    assert [word for word in ENTRIES if not re.search(rf"\b{re.escape(word)}s?\b", uses)] == []
