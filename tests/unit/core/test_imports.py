"""Packages that must not load heavy modules when imported."""

from __future__ import annotations

import subprocess
import sys

import pytest

#: By package: modules that importing all of it must not load. Modules below these count as well.
FORBIDDEN = {
    "stream_monitor.config": ("kafka", "river", "scipy", "stream_monitor.detectors"),
    "stream_monitor.decoding": ("kafka", "river", "stream_monitor.sources"),
    "stream_monitor.signals": ("river", "stream_monitor.detectors"),
    "stream_monitor.performance": ("river", "stream_monitor.detectors"),
    "stream_monitor.contract": ("kafka", "river", "scipy", "stream_monitor.detectors", "stream_monitor.sources"),
    "stream_monitor.report": ("kafka", "river", "stream_monitor.detectors"),
    "stream_monitor.server": ("kafka", "river", "stream_monitor.detectors"),
}
_IMPORT_ALL = """
import importlib, pkgutil, sys
package = importlib.import_module(sys.argv[1])
for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
    importlib.import_module(module.name)
print("\\n".join(sys.modules))
"""


@pytest.mark.parametrize("package", FORBIDDEN)
def test_a_package_does_not_load_what_it_does_not_need(package: str) -> None:
    command = [sys.executable, "-c", _IMPORT_ALL, package]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert package in loaded
    found = [name for name in loaded for each in FORBIDDEN[package] if f"{name}.".startswith(f"{each}.")]
    assert found == []
