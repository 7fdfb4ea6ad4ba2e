"""Apache Kafka's jars for ``tests.brokers``, downloaded by Maven once and stored outside the repository."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import subprocess
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

POM = Path(__file__).with_name("kafka") / "pom.xml"
MIN_JAVA = 17


class NoKafka(Exception):  # noqa: N818 - absence is an answer, not a fault
    """No Apache Kafka is available; the message says why."""


def kafka_version() -> str:
    """Return the version of Apache Kafka that the POM pins."""
    version = ElementTree.parse(POM).findtext(".//{*}kafka.version")
    assert version, f"{POM} pins no kafka.version"
    return version


def fetch_jars() -> Path:
    """Return the directory of Kafka's jars; download them by Maven if they are missing.

    The directory gets its final name when the download is complete, so that an interrupted one is not used.
    """
    jars = _cache() / f"kafka-{kafka_version()}"
    if not jars.exists():
        jars.parent.mkdir(parents=True, exist_ok=True)
        with _locked(jars.with_name(f"{jars.name}.lock")):
            if not jars.exists():
                _download_jars(jars)
    return jars


def _download_jars(jars: Path) -> None:
    maven = shutil.which("mvn")
    if not maven:
        raise NoKafka("its jars are not here, and neither is Maven (mvn), which fetches them")
    with tempfile.TemporaryDirectory(dir=jars.parent, prefix=f"{jars.name}-partial-") as partial:
        goal = "org.apache.maven.plugins:maven-dependency-plugin:copy-dependencies"
        command = [maven, "-B", "-ntp", "-q", "-f", str(POM), goal, f"-DoutputDirectory={partial}/jars"]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NoKafka(f"Maven could not fetch its jars: {(done.stdout + done.stderr).strip()[-2000:]}")
        (Path(partial) / "jars").rename(jars)


def _cache() -> Path:
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("STREAM_MONITOR_KAFKA_CACHE") or caches / "stream-monitor").absolute()


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def find_java() -> str:
    """Return the path of a Java that can run Kafka."""
    home = os.environ.get("JAVA_HOME")
    java = shutil.which("java", path=f"{home}/bin") if home else shutil.which("java")
    if not java:
        raise NoKafka("there is no Java (java)" + (f" in JAVA_HOME={home}" if home else ""))
    said = subprocess.run([java, "-version"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    version = re.search(r'version "(\d+)', said.stdout + said.stderr)
    if not version or int(version[1]) < MIN_JAVA:
        raise NoKafka(f"it needs Java {MIN_JAVA} or newer, and {java} is not")
    return java
