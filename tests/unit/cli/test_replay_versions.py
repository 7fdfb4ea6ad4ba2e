"""``stream-monitor replay``: the versions of a model side by side."""

from __future__ import annotations

import json
from pathlib import Path

from stream_monitor.testing import make_prediction
from tests.unit.cli.replaying import replay_json, run_replay


def _file(tmp_path: Path) -> Path:
    """Return a file of two versions, the second of which is right half as often."""
    events = [
        make_prediction(at, version=str(1 + at % 2), model="churn", label="no" if at % 4 == 1 else "yes")
        for at in range(2_000)
    ]
    path = tmp_path / "ab.jsonl"
    path.write_text("".join(f"{json.dumps(event)}\n" for event in events))
    return path


def test_versions_are_told_with_their_verdict(tmp_path: Path) -> None:
    output = run_replay(_file(tmp_path), "--traffic-split", "1=90%", "--traffic-split", "2=10%").output
    assert "Versions of churn\n  1: champion, 1,000 predictions, " in output
    assert "    worse than 1: accuracy -0." in output
    assert "going back from version 2 is recommended" in output
    assert "note: the traffic is not split as --traffic-split says" in output


def test_json_has_the_comparison_of_each_version(tmp_path: Path) -> None:
    found = replay_json(tmp_path, _file(tmp_path), "--champion", "churn=1", "--comparison", "split")
    champion, challenger = found["versions"]
    assert found["champions"] == {"churn": "1"}
    assert (champion["is_champion"], champion["comparison"], champion["share"]) == (True, None, 0.5)
    assert champion["first_seen"] == "2026-11-23T12:00:00.000Z"
    assert challenger["rollback_recommended"]
    comparison = challenger["comparison"]
    assert (comparison["verdict"], comparison["design"], comparison["measure"]) == ("worse", "split", "accuracy")
    assert comparison["lower"] < comparison["difference"] < comparison["upper"] < 0


def test_a_champion_never_seen_is_told_in_one_line(tmp_path: Path) -> None:
    result = run_replay(_file(tmp_path), "--champion", "9")
    assert "note: --champion: version 9 of churn has made no prediction" in result.output
    assert "worse" not in result.output
