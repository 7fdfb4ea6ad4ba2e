"""The templates of workflows: those of GitHub and Argo Events against published schemas, Airflow's against our model.

The schema of GitHub's workflows is that of SchemaStore, which check-jsonschema ships; the types of Argo Events are
those that Hera generates from its OpenAPI schema. Airflow is not installed here: its classes are replaced by ones
with the parameters of apache-airflow-providers-apache-kafka 2.1.
"""

from __future__ import annotations

import json
import runpy
import sys
import threading
import types
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml
from hera.events.models import EventSource, Sensor
from jsonschema import Draft7Validator

from stream_monitor.actions.cloud_event import TYPES, cloud_event, encoded
from stream_monitor.actions.webhook import Webhook
from stream_monitor.actions.webhook_signature import parse_secret
from stream_monitor.core.clock import SystemClock
from stream_monitor.core.errors import SinkError
from tests.receiver import SECRET
from tests.unit.actions.notices import DRIFT, REQUEST

WORKFLOWS = Path(__file__).parents[3] / "configs/workflows"
EVENT = cloud_event(REQUEST, "/stream-monitor/g")


def _github() -> Any:
    # YAML 1.1 reads the key ``on`` as true.
    return {("on" if key is True else key): value for key, value in _yaml("github-retrain.yml")[0].items()}


def _yaml(name: str) -> list[Any]:
    return list(yaml.safe_load_all((WORKFLOWS / name).read_text()))


def test_github_accepts_the_workflow() -> None:
    schema = json.loads(
        (files("check_jsonschema") / "builtin_schemas/vendor/github-workflows.json").read_text(encoding="utf-8")
    )
    errors = [error.message for error in Draft7Validator(schema).iter_errors(_github())]
    assert errors == []
    assert list(Draft7Validator(schema).iter_errors({**_github(), "jobs": {"train": {"steps": []}}}))


def _known(given: Any, known: Any, path: str = "") -> Iterator[str]:
    """Yield the paths that a type does not know."""
    if isinstance(given, dict):
        for name, value in given.items():
            if not isinstance(known, dict) or name not in known:
                yield f"{path}.{name}"
            else:
                yield from _known(value, known[name], f"{path}.{name}")
    elif isinstance(given, list):
        for at, value in enumerate(given):
            yield from _known(value, known[at], f"{path}.{at}")


def test_argo_events_knows_every_key() -> None:
    for document, kind in zip(_yaml("argo-events.yaml"), (EventSource, Sensor), strict=True):
        assert (document["apiVersion"], document["kind"]) == ("argoproj.io/v1alpha1", kind.__name__)
        body = {name: value for name, value in document.items() if name not in ("apiVersion", "kind")}
        # The workflow that is made is of any type.
        for trigger in body["spec"].get("triggers", []):
            trigger["template"]["argoWorkflow"]["source"]["resource"] = {}
        known = kind.model_validate(body).model_dump(by_alias=True, exclude_none=True)
        assert list(_known(body, known)) == []


def test_the_sensor_reads_what_a_request_has() -> None:
    source, sensor = _yaml("argo-events.yaml")
    (dependency,) = sensor["spec"]["dependencies"]
    assert dependency["eventSourceName"] == source["metadata"]["name"]
    assert dependency["eventName"] in source["spec"]["kafka"]
    (filtered,) = dependency["filters"]["data"]
    assert filtered["value"] == [TYPES["retrain_request"]]
    (trigger,) = sensor["spec"]["triggers"]
    workflow = trigger["template"]["argoWorkflow"]["source"]["resource"]
    for parameter in trigger["template"]["argoWorkflow"]["parameters"]:
        value: Any = {"body": EVENT}
        for name in parameter["src"].get("dataKey", "body.id").split("."):
            value = value[name]
        target: Any = workflow
        for name in parameter["dest"].split(".")[:-1]:
            target = target[int(name)] if isinstance(target, list) else target[name]


def test_airflow_makes_the_dag(monkeypatch: pytest.MonkeyPatch) -> None:
    made: dict[str, Any] = {}

    class AwaitMessageSensor:
        def __init__(
            self,
            *,
            task_id: str,
            topics: list[str],
            apply_function: str | None,
            kafka_config_id: str = "kafka_default",
            apply_function_args: Any = None,
            apply_function_kwargs: Any = None,
            poll_timeout: float = 1,
            poll_interval: float = 5,
            xcom_push_key: str | None = None,
            commit_offset: bool = True,
        ) -> None:
            made["sensor"], self.output = (topics, apply_function), task_id

    def dag(*, schedule: str, max_active_runs: int, catchup: bool, tags: list[str]) -> Any:
        made["dag"] = schedule
        return lambda function: function

    def task(function: Any) -> Any:
        return lambda output: made.update(train=(function, output))

    for name in ("airflow", "airflow.providers", "airflow.providers.apache", "airflow.providers.apache.kafka"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    sensors, sdk = types.ModuleType("sensors"), types.ModuleType("sdk")
    vars(sensors)["AwaitMessageSensor"] = AwaitMessageSensor
    vars(sdk).update(dag=dag, task=task)
    monkeypatch.setitem(sys.modules, "airflow.providers.apache.kafka.sensors", types.ModuleType("sensors"))
    monkeypatch.setitem(sys.modules, "airflow.providers.apache.kafka.sensors.kafka", sensors)
    monkeypatch.setitem(sys.modules, "airflow.sdk", sdk)
    module = runpy.run_path(str(WORKFLOWS / "airflow_retrain.py"))
    assert made["sensor"] == (["retrain-requests"], "airflow_retrain.wanted")
    assert made["dag"] == "@continuous"
    train, output = made["train"]
    assert output == "await_request"
    request = module["wanted"](types.SimpleNamespace(value=lambda: encoded(REQUEST, "/g")))
    assert (request["id"], request["model"]) == (REQUEST.id, "churn")
    train(request)
    for other in (encoded(DRIFT, "/g"), b"garbage", None, b"[]"):
        assert module["wanted"](types.SimpleNamespace(value=lambda other=other: other)) is None


@contextmanager
def _served(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def _forwarder(api: str) -> type[BaseHTTPRequestHandler]:
    base = runpy.run_path(str(WORKFLOWS / "github_forwarder.py"))["Forwarder"]
    environment = {
        "WEBHOOK_SECRET": SECRET,
        "GITHUB_TOKEN": "token",
        "GITHUB_REPOSITORY": "me/model",
        "GITHUB_API_URL": api,
    }
    quiet = {"environment": environment, "log_message": lambda *_: None}
    made: type[BaseHTTPRequestHandler] = type("Quiet", (base,), quiet)
    return made


def test_the_forwarder_dispatches_each_request_once() -> None:
    calls: list[tuple[str, str | None, Any]] = []
    statuses = [500, 204]

    class GitHub(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            calls.append((self.path, self.headers["authorization"], body))
            self.send_response(statuses.pop(0) if len(statuses) > 1 else statuses[0])
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with _served(GitHub) as api, _served(_forwarder(api)) as url:
        webhook = Webhook(url, [parse_secret(SECRET)], "/g", SystemClock())
        with pytest.raises(SinkError, match="answers 502"):
            webhook.send(REQUEST)
        for notice in (REQUEST, REQUEST, DRIFT):
            webhook.send(notice)
        with pytest.raises(SinkError, match="answers 401"):
            Webhook(url, [b"x" * 24], "/g", SystemClock()).send(REQUEST)
    assert [call[:2] for call in calls] == [("/repos/me/model/dispatches", "Bearer token")] * 2
    body = calls[-1][2]
    assert body["event_type"] in _github()["on"]["repository_dispatch"]["types"]
    assert body["client_payload"]["id"] == REQUEST.id
    assert len(body["client_payload"]) <= 10
    assert len(json.dumps(body)) < 65_536
