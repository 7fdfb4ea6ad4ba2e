"""Apache Kafka for the tests: one that runs somewhere, one from the jars, one in a container."""

from __future__ import annotations

import atexit
import base64
import contextlib
import importlib
import importlib.util
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from tests.jars import fetch_jars, find_java, kafka_version

SETTINGS = Path(__file__).with_name("kafka")
START_SECONDS = 90
STOP_SECONDS = 30


class BrokerError(Exception):
    """A broker failed to start or to run; the message ends with the tail of its log."""


class _Kafka:
    """The base class of real Kafka brokers; by itself one that was not started here and is not stopped."""

    kind: Literal["kafka", "embedded"] = "kafka"

    def __init__(self, bootstrap_servers: str) -> None:
        self.bootstrap_servers = bootstrap_servers
        self.client_options: dict[str, Any] = {}

    def start(self) -> None:
        _list_topics(self.bootstrap_servers)

    def close(self) -> None:
        """Do nothing: the broker was not started here."""

    def create_topic(self, name: str, partitions: int = 1) -> None:
        from kafka import KafkaAdminClient

        admin = KafkaAdminClient(bootstrap_servers=self.bootstrap_servers)
        try:
            admin.create_topics({name: {"num_partitions": partitions}}, wait_for_metadata=True)
        finally:
            admin.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class ExternalBroker(_Kafka):
    """The Kafka named by ``KAFKA_BOOTSTRAP_SERVERS``."""


class JarsBroker(_Kafka):
    """One Apache Kafka, broker and controller in one process, run from the jars.

    ``stop`` and ``kill`` preserve the data; ``close`` removes them. The thread that starts the broker has to run
    as long as the broker is needed: Linux treats the end of that thread as the death of the parent.
    """

    def __init__(self, settings: Mapping[str, str] | None = None, heap: str = "512m") -> None:
        self._java = find_java()
        self._jvm = [
            f"-Xmx{heap}",
            "-XX:+UseSerialGC",
            "-XX:+ExitOnOutOfMemoryError",
            "-cp",
            f"{fetch_jars()}/*",
        ]
        self._jvm.append(f"-Dlog4j2.configurationFile={SETTINGS / 'log4j2.properties'}")
        broker, controller = _free_ports(2)
        super().__init__(f"127.0.0.1:{broker}")
        self._home = Path(tempfile.mkdtemp(prefix="stream-monitor-kafka-"))
        atexit.register(self.close)
        self._log = self._home / "kafka.log"
        self._config = self._home / "server.properties"
        data = {"log.dirs": str(self._home / "data")}
        _write_properties(self._config, _server(broker, controller) | data | dict(settings or {}))
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The id of the broker's process; None if it is not running."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def start(self) -> None:
        if self.pid is not None:
            return
        if not (self._home / "data").exists():
            self._format()
        seen = self._log.stat().st_size
        self._process = self._run("kafka.Kafka", str(self._config))
        self._wait_until_started(seen)

    def stop(self) -> None:
        """Shut down gracefully; preserve the data."""
        if self._process and self.pid is not None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_SECONDS)
        self.kill()

    def kill(self) -> None:
        """Kill the process, as a power failure would; preserve the data."""
        if self._process:
            self._process.kill()
            self._process.wait()

    def restart(self) -> None:
        """Stop and start the broker, with the same port and data."""
        self.stop()
        self.start()

    def close(self) -> None:
        self.kill()
        shutil.rmtree(self._home, ignore_errors=True)
        atexit.unregister(self.close)

    def _format(self) -> None:
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        options = [f"--cluster-id={cluster}", f"--config={self._config}"]  # an id may begin with a hyphen
        formatting = self._run("kafka.tools.StorageTool", "format", *options)
        if formatting.wait(START_SECONDS):
            raise BrokerError(self._with_log("Kafka's storage could not be formatted."))

    def _run(self, main_class: str, *arguments: str) -> subprocess.Popen[bytes]:
        command = [self._java, *self._jvm, main_class, *arguments]
        with self._log.open("ab") as log:
            return subprocess.Popen(
                [*DIES_WITH_PARENT, str(os.getpid()), *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _wait_until_started(self, seen: int) -> None:
        """Wait for the log line of a started Kafka, after the first ``seen`` bytes of the log."""
        deadline = time.monotonic() + START_SECONDS
        while b"Kafka Server started" not in self._log.read_bytes()[seen:]:
            if self.pid is None:
                raise BrokerError(self._with_log("Kafka ended while it was starting."))
            if time.monotonic() > deadline:
                self.kill()
                raise BrokerError(self._with_log(f"Kafka did not start within {START_SECONDS} s."))
            time.sleep(0.05)

    def _with_log(self, what: str) -> str:
        tail = self._log.read_text(errors="replace").splitlines()[-30:]
        return "\n".join([f"{what} The end of its log:", *tail])


class DockerBroker(_Kafka):
    """One Apache Kafka in a container, run by testcontainers."""

    def __init__(self) -> None:
        [port] = _free_ports(1)
        super().__init__(f"localhost:{port}")
        containers = importlib.import_module("testcontainers.core.container")
        self._container = containers.DockerContainer(f"apache/kafka:{kafka_version()}").with_bind_ports(9092, port)
        settings = _server(port, 9093) | {"listeners": "PLAINTEXT://0.0.0.0:9092,CONTROLLER://127.0.0.1:9093"}
        for key, value in settings.items():
            self._container.with_env("KAFKA_" + key.upper().replace(".", "_"), value)
        self._running = False

    def start(self) -> None:
        if not self._running:
            self._container.start()
            self._running = True
        _list_topics(self.bootstrap_servers)

    def close(self) -> None:
        self._container.stop()


def _list_topics(bootstrap_servers: str) -> list[str]:
    """Return the names of the topics; wait until the broker answers."""
    from kafka import KafkaAdminClient

    admin = KafkaAdminClient(bootstrap_servers=bootstrap_servers, bootstrap_timeout_ms=START_SECONDS * 1000)
    try:
        return list(admin.list_topics())
    finally:
        admin.close()


def _free_ports(count: int) -> list[int]:
    """Return free ports below the system's ephemeral ports.

    Otherwise a client could be assigned the port of a broker that is being restarted.
    """
    with contextlib.ExitStack() as held:
        ports: list[int] = []
        while len(ports) < count:
            listener = held.enter_context(socket.socket())
            with contextlib.suppress(OSError):
                listener.bind(("127.0.0.1", random.randrange(15_000, 30_000)))
                ports.append(listener.getsockname()[1])
        return ports


def _server(broker: int, controller: int) -> dict[str, str]:
    """Return the settings of ``server.properties``, with listeners on these ports."""
    lines = (SETTINGS / "server.properties").read_text().splitlines()
    settings = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
    return settings | {
        "listeners": f"PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{broker}",
        "controller.quorum.voters": f"1@127.0.0.1:{controller}",
    }


def _write_properties(path: Path, properties: Mapping[str, str]) -> None:
    """Write a file of Java properties, with backslashes escaped."""
    lines = [f"{key}={value}".replace("\\", "\\\\") for key, value in properties.items()]
    path.write_text("\n".join([*lines, ""]))


# A wrapper process for Java, because subprocess's preexec_fn is unsafe with threads. It asks Linux for SIGKILL when
# the parent dies, checks that the parent hasn't died already, and executes Java.
DIES_WITH_PARENT = [
    sys.executable,
    "-ISc",
    """
import ctypes, os, signal, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    if os.getppid() != int(sys.argv[1]):
        sys.exit("the parent has died")
os.execv(sys.argv[2], sys.argv[2:])
""",
]
