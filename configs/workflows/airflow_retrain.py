"""An Airflow DAG that waits for a retrain request on the topic of ``--retrain-topic``, and trains the model.

It needs ``apache-airflow-providers-apache-kafka``, and a connection ``kafka_default`` whose group waits for requests.
Put the file into the folder of DAGs, and replace the body of ``train``.
"""

from __future__ import annotations

import json
from typing import Any

from airflow.providers.apache.kafka.sensors.kafka import AwaitMessageSensor
from airflow.sdk import dag, task

TOPIC = "retrain-requests"
TYPE = "stream_monitor.retrain.requested"


def wanted(message: Any) -> dict[str, Any] | None:
    """Return the request in a message of Kafka; None for any other message."""
    try:
        event = json.loads(message.value())
    except (TypeError, ValueError):
        return None
    if not isinstance(event, dict) or event.get("type") != TYPE:
        return None
    return {"id": event["id"], **event["data"]}


@dag(schedule="@continuous", max_active_runs=1, catchup=False, tags=["stream-monitor"])
def retrain() -> None:
    """Wait for one request, and train on its evaluation sets."""
    request = AwaitMessageSensor(
        task_id="await_request",
        topics=[TOPIC],
        apply_function="airflow_retrain.wanted",
        kafka_config_id="kafka_default",
        poll_interval=30,
    )

    @task
    def train(asked: dict[str, Any]) -> None:
        """Train the model. A request may come twice, with the same id: train once for each."""
        print(f"train {asked['model']}, in place of version {asked['version']}, for {asked['reasons']}")
        print(f"evaluation sets: {asked['evaluation_sets']}")

    train(request.output)


retrain()
