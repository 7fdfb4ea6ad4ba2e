"""Create an environment for each peer library: `python bench/quality/install_peers.py [--into .venv-peers]`.

Each library is installed in its own environment, with the pins in `peers/`. If the installation fails, the reason is
written to `NAME.failed`, which the table shows, and the other libraries are still installed.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
DEFAULT = HERE.parent.parent / ".venv-peers"
LIMIT_S = 900


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--into", type=Path, default=DEFAULT, metavar="DIR", help="directory of the environments")
    into = parser.parse_args().into
    into.mkdir(parents=True, exist_ok=True)
    for pins in sorted((HERE / "peers").glob("*.txt")):
        why = install(pins, into / pins.stem)
        print(f"{pins.stem}: {why or 'installed'}", flush=True)
        failure = into / f"{pins.stem}.failed"
        failure.unlink(missing_ok=True)
        if why:
            failure.write_text(why + "\n", encoding="utf-8")
    return 0


def install(pins: Path, home: Path) -> str:
    """Create an environment and install the pins; return the reason of a failure, or an empty text."""
    python = home / "bin" / "python"
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", str(pins)]
    for command in ([sys.executable, "-m", "venv", str(home)], pip):
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S)
        except subprocess.TimeoutExpired:
            return f"could not be installed in {LIMIT_S} s"
        if done.returncode:
            return f"could not be installed: {(done.stderr.strip().splitlines() or ['no reason given'])[-1]}"
    return ""


if __name__ == "__main__":
    sys.exit(main())
