"""Pages as a headless browser builds them."""

from __future__ import annotations

import subprocess
from pathlib import Path

QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def dump_dom(chromium: str, url: str, profile: Path) -> str:
    """Return the page after the browser has rendered it."""
    command = [chromium, *QUIET, f"--user-data-dir={profile}", "--dump-dom", url]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return shown.stdout
