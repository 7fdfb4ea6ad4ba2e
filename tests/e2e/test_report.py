"""The report of a replay, as a browser shows it from a file."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from stream_monitor.cli import cli
from tests.e2e.browser import QUIET, dump_dom
from tests.files import write

pytestmark = pytest.mark.browser

#: Blink's number of the dark colour scheme.
DARK = "--blink-settings=preferredColorScheme=0"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    rows = [
        {"id": n, "ts": 1_795_435_200 + 60 * n, "prediction": 1, "label": n % 2, "age": n % 7 + 50 * (n >= 2000)}
        for n in range(4000)
    ]
    out = folder / "report.html"
    source = write(folder / "x.csv", rows, "csv")
    result = CliRunner().invoke(cli, ["replay", str(source), "--report", str(out)])
    assert result.exit_code == 0, result.output
    return out


def _shown(chromium: str, report: Path, folder: Path, *flags: str) -> tuple[bytes, str]:
    """Return the screenshot, and the messages of the browser."""
    picture = folder / "shown.png"
    command = [chromium, *QUIET, *flags, f"--user-data-dir={folder / 'profile'}", "--enable-logging=stderr"]
    command += ["--window-size=1200,2000", f"--screenshot={picture}", report.as_uri()]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return picture.read_bytes(), said.stderr


def test_the_browser_builds_it_as_it_was_written(chromium: str, report: Path, tmp_path: Path) -> None:
    dom = dump_dom(chromium, report.as_uri(), tmp_path / "profile")
    for name in ("What changed?", "Performance", "Signals with detections", "All detections", "About this report"):
        assert f"<h2>{name}</h2>" in dom
    assert dom.count("<svg ") == dom.count("</svg>") == report.read_text().count("<svg ") > 3
    assert 'data-signal="feature:age"' in dom


def test_nothing_is_refused_and_dark_is_dark(chromium: str, report: Path, tmp_path: Path) -> None:
    pictures = {}
    for name, flags in (("light", ()), ("dark", (DARK,))):
        (tmp_path / name).mkdir()
        pictures[name], said = _shown(chromium, report, tmp_path / name, *flags)
        assert "Content Security Policy" not in said
        assert "CONSOLE" not in said
    assert pictures["light"] != pictures["dark"]
    unstyled = tmp_path / "unstyled.html"
    unstyled.write_text(report.read_text().replace(":root {", ":root  {", 1))
    picture, said = _shown(chromium, unstyled, tmp_path)
    # A style that is not the one that was hashed is refused, and the browser says so: the check above can fail.
    assert "Content Security Policy" in said
    assert picture != pictures["light"]
