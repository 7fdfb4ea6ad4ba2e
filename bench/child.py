"""A program in a child process, with its CPU time and peak memory as measured by the kernel."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, Self

HERE = Path(__file__).parent
MAXRSS_PER_MB = 2**20 if sys.platform == "darwin" else 2**10
TIME_LIMIT_S = 300
TAIL = 2000


class ProgramError(Exception):
    """The program ended with an error or exceeded its time limit."""


class Child:
    """A child process that is waited for with `wait4`, which returns its CPU time and peak memory."""

    def __init__(
        self, command: Sequence[str], environment: dict[str, str] | None = None, directory: Path = HERE.parent
    ) -> None:
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - __exit__ closes it
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - __exit__ closes it
        self.started = time.monotonic()
        self._process = subprocess.Popen(
            command,
            stdout=self._output,
            stderr=self._errors,
            env={**os.environ, **(environment or {})},
            cwd=directory,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._output.close()
        self._errors.close()

    def check_alive(self) -> None:
        if self._process.poll() is not None:
            raise ProgramError(self._failure())

    def cpu_seconds(self) -> float:
        """Return the CPU seconds so far, user and system, of the running process. Linux tells them in /proc."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def end(self, terminate: bool = False, limit: float = TIME_LIMIT_S) -> tuple[float, float]:
        """Wait for the end; return CPU seconds, user and system, and peak memory in MB."""
        if terminate:
            self._process.terminate()
        usage = self._wait(limit)
        if self._process.returncode:
            raise ProgramError(self._failure())
        return usage

    def kill(self) -> tuple[float, float]:
        """Kill the process; return its CPU seconds and peak memory in MB."""
        self._process.kill()
        return self._wait(TIME_LIMIT_S)

    def _wait(self, limit: float) -> tuple[float, float]:
        status, usage = wait4(self._process.pid, limit)
        self._process.returncode = os.waitstatus_to_exitcode(status)
        return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / MAXRSS_PER_MB

    def output(self) -> str:
        return read(self._output)

    def _failure(self) -> str:
        said = read(self._errors).strip()[-TAIL:]
        return f"{self._process.args} ended with exit code {self._process.returncode}\n{said}"


def wait4(pid: int, limit: float) -> tuple[int, Any]:
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        ended, status, usage = os.wait4(pid, os.WNOHANG)
        if ended:
            return status, usage
        time.sleep(0.02)
    raise ProgramError(f"process {pid} was still running after {limit:.0f} s")


def read(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")
