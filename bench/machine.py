"""The machine and the versions with which the benchmark ran."""

import os
import platform
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

LIBRARIES = ("kafka-python", "numpy", "orjson", "msgspec", "river", "confluent-kafka", "prometheus-client")
CPU_INFO = Path("/proc/cpuinfo")


def setting() -> dict[str, Any]:
    """Return the date, the machine, its load, and the versions of Python and of the libraries."""
    return {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "machine": f"{os.cpu_count()} CPUs ({processor()}), {platform.system()}",
        "load": round(os.getloadavg()[0], 1),
        "versions": {"Python": platform.python_version(), **libraries()},
    }


def processor() -> str:
    lines = CPU_INFO.read_text().splitlines() if CPU_INFO.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def libraries() -> dict[str, str]:
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def line(about: dict[str, Any]) -> str:
    """Return the setting in a line."""
    return f"{about['machine']}, Python {about['versions']['Python']}, load {about['load']} before"
