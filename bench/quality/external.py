"""Peers that each run in their own environment, because their pins of numpy are incompatible.

`install_peers.py` creates the environments; a peer without one is listed as missing, with the reason.
"""

from __future__ import annotations

import json
import os
import subprocess
from functools import cache, partial
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import numpy as np
from program import Cost, Floats, Program, ProgramError, Run, Setting

HERE = Path(__file__).parent
NUMBERS = frozenset({"number"})
SHARES = frozenset({"share"})
BOTH = NUMBERS | SHARES

#: Detectors by library: name, the kinds of column that their documentation supports, and cost class.
DETECTORS: dict[str, dict[str, tuple[frozenset[Any], Cost]]] = {
    "frouros": {
        "ADWIN": (BOTH, "medium"),
        "CUSUM": (BOTH, "medium"),
        "GeometricMovingAverage": (BOTH, "medium"),
        "PageHinkley": (BOTH, "medium"),
        "KSWIN": (BOTH, "slow"),
        "DDM": (SHARES, "medium"),
        "ECDDWT": (SHARES, "medium"),
        "EDDM": (SHARES, "medium"),
        "HDDMA": (SHARES, "medium"),
        "HDDMW": (SHARES, "medium"),
        "RDDM": (SHARES, "medium"),
        "STEPD": (SHARES, "medium"),
    },
    "capymoa": {
        "ADWIN": (BOTH, "medium"),
        "CUSUM": (BOTH, "medium"),
        "GeometricMovingAverage": (BOTH, "medium"),
        "OPTWIN": (BOTH, "medium"),
        "PageHinkley": (BOTH, "medium"),
        "SEED": (BOTH, "medium"),
        "DDM": (SHARES, "medium"),
        "EDDM": (SHARES, "medium"),
        "EWMAChart": (SHARES, "medium"),
        "HDDMAverage": (SHARES, "medium"),
        "HDDMWeighted": (SHARES, "medium"),
        "RDDM": (SHARES, "medium"),
        "STEPD": (SHARES, "medium"),
    },
    "alibi-detect": {"CVMDriftOnline": (NUMBERS, "slow"), "FETDriftOnline": (SHARES, "slow")},
}
#: The distributions on which alibi-detect runs; it simulates its thresholds for half a minute for each reference.
ALIBI_ON = frozenset({"normal", "error 0.1", "missing 0.01"})
#: Detectors that are not run, with the reason.
LEFT_OUT = {
    "frouros BOCD": "0.4 to 4 ms a value",
    "capymoa ABCD, STUDD": "for vectors, or for a student model; not for one column",
    "alibi-detect MMDDriftOnline, LSDDDriftOnline": "for vectors; they need PyTorch or TensorFlow",
}


class Peer:
    """A child process in the library's environment."""

    def __init__(self, library: str, python: Path) -> None:
        quiet = {**os.environ, "PYTHONWARNINGS": "ignore", "TF_CPP_MIN_LOG_LEVEL": "3", "OMP_NUM_THREADS": "1"}
        command = [str(python), str(HERE / "peer_child.py"), library]
        self._process = subprocess.Popen(
            command, env=quiet, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )

    def ask(self, request: dict[str, Any], data: bytes = b"") -> dict[str, Any]:
        assert self._process.stdin is not None and self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n" + data)
            self._process.stdin.flush()
        except BrokenPipeError:
            raise ProgramError("its process died") from None
        line = self._process.stdout.readline()
        if not line:
            raise ProgramError("its process died")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise ProgramError(answer["error"])
        return answer


class ExternalRun:
    """One run of a detector in the child process; ``cpu_seconds`` is the CPU time that it spent on the values."""

    def __init__(self, peer: Peer, detector: str, setting: Setting) -> None:
        self._peer, self.cpu_seconds = peer, 0.0
        peer.ask({"do": "make", "detector": detector, "quiet": setting.quiet})

    def __call__(self, values: Floats) -> list[int]:
        answer = self._peer.ask({"do": "feed", "values": len(values)}, np.asarray(values, "<f8").tobytes())
        self.cpu_seconds += answer["cpu"]
        alarms: list[int] = answer["alarms"]
        return alarms


@cache
def peer(library: str, python: Path) -> Peer:
    """Return the library's child process, one per process of the benchmark; it ends when its input is closed."""
    return Peer(library, python)


def programs(directory: Path) -> list[Program]:
    """Return all external programs; those without an environment have a reason in ``missing``."""
    made = []
    for library, detectors in DETECTORS.items():
        python, missing = environment(directory, library)
        for detector, (takes, cost) in detectors.items():
            make = partial(_make, library=library, python=python, detector=detector)
            only = ALIBI_ON if library == "alibi-detect" else None
            made.append(Program(f"{library} {detector}", library, make, cost, takes, only, missing, is_external=True))
    return made


def environment(directory: Path, library: str) -> tuple[Path, str]:
    """Return the path of the library's interpreter, and the reason if there is none."""
    python, failure = directory / library / "bin" / "python", directory / f"{library}.failed"
    if failure.exists():
        return python, failure.read_text(encoding="utf-8").strip()
    return python, "" if python.exists() else "not installed: run bench/quality/install_peers.py"


def version(directory: Path, library: str) -> str:
    """Return the version of an installed library, or the reason if there is none."""
    _, missing = environment(directory, library)
    packages = [str(each) for each in (directory / library).glob("lib/python*/site-packages")]
    found = next(distributions(name=library, path=packages), None)
    return missing or (found.version if found else "installed, but without its version")


def _make(setting: Setting, library: str, python: Path, detector: str) -> Run:
    return ExternalRun(peer(library, python), detector, setting)
