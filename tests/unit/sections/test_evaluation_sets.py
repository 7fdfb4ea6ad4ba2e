"""The section on evaluation sets."""

from __future__ import annotations

from pathlib import Path

from stream_monitor.actions.evaluation_files import EvaluationFiles
from stream_monitor.actions.evaluation_manifest import change_manifest, read_manifest
from tests.unit.sections.replayed import events, replayed, rows, section


def _sets(directory: Path) -> list[list[str]]:
    snapshot = replayed(events(), evaluation_dir=directory, evaluation_share=0.1, evaluation_wait="0s")
    (part,) = section(snapshot, "evaluation-sets").parts
    assert part.lines == [f"{len(snapshot.evaluation.sets)} sets written."]
    return rows(part.tables[0])


def test_each_set_has_its_rows_classes_versions_and_looks(tmp_path: Path) -> None:
    found = _sets(tmp_path)
    written = read_manifest(tmp_path)["sets"]
    assert len(found) == len(written) == 5
    newest, *older = found
    assert newest[0].startswith("2026-11-27") and newest[-1] == "sealed"
    assert [row[-1] for row in older] == ["none"] * 4
    assert [int(row[2]) for row in found] == [each["rows"] for each in reversed(written)]
    classes = written[-2]["classes"]
    assert found[1][4] == ", ".join(f"{name}: {count}" for name, count in classes.items())
    assert found[1][5].startswith("1: ") and ", 2: " in found[1][5]

    look = {"sets": [written[0]["file"]], "candidate": "c"}
    change_manifest(tmp_path, lambda manifest: manifest["looks"].extend([look, look]))
    files = EvaluationFiles(tmp_path)
    assert [each.looks for each in files.sets()] == [0, 0, 0, 0, 2]
    assert files.sets() is files.sets()  # the manifest is read again only where it has changed
    change_manifest(tmp_path, lambda manifest: manifest["looks"].clear())
    assert [each.looks for each in files.sets()] == [0] * 5


def test_a_directory_without_a_manifest_that_can_be_read_has_no_sets(tmp_path: Path) -> None:
    assert EvaluationFiles(tmp_path / "none").sets() == []
    (tmp_path / "manifest.json").write_text('{"sets": [{"model": 3}], "looks": []}')
    assert EvaluationFiles(tmp_path).sets() == []
