"""The templates for Argo Rollouts and Flagger: their fields, and the metrics that their queries name."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

import pytest
import yaml
from pydantic import BaseModel, ConfigDict, Field

from stream_monitor.server.catalog import CATALOG

CONFIGS = Path(__file__).parents[3] / "configs" / "kubernetes"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Metadata(_Strict):
    name: str
    namespace: str | None = None


class _Prometheus(_Strict):
    """The provider of a metric in Argo's CRD (argoproj.io/v1alpha1), of which more fields exist."""

    address: str
    query: str


class _Provider(_Strict):
    prometheus: _Prometheus


class _Metric(_Strict):
    name: str
    interval: str = Field(pattern=r"^\d+[smh]$")
    failure_limit: int = Field(alias="failureLimit")
    success_condition: str = Field(alias="successCondition")
    failure_condition: str = Field(alias="failureCondition")
    provider: _Provider


class _Argument(_Strict):
    name: str
    value: str | None = None


class _Analysis(_Strict):
    args: list[_Argument]
    metrics: list[_Metric]


class AnalysisTemplate(_Strict):
    """The fields of Argo's AnalysisTemplate that are in use."""

    api_version: Literal["argoproj.io/v1alpha1"] = Field(alias="apiVersion")
    kind: Literal["AnalysisTemplate"]
    metadata: _Metadata
    spec: _Analysis


class _FlaggerProvider(_Strict):
    type: Literal["prometheus"]
    address: str


class _Query(_Strict):
    provider: _FlaggerProvider
    query: str


class MetricTemplate(_Strict):
    """The fields of Flagger's MetricTemplate that are in use; its provider's type is one of an enumeration."""

    api_version: Literal["flagger.app/v1beta1"] = Field(alias="apiVersion")
    kind: Literal["MetricTemplate"]
    metadata: _Metadata
    spec: _Query


def _load(name: str) -> Any:
    return yaml.safe_load((CONFIGS / name).read_text())


def _queries() -> list[str]:
    analysis = AnalysisTemplate.model_validate(_load("analysis-template.yaml"))
    flagger = MetricTemplate.model_validate(_load("metric-template.yaml"))
    return [*(each.provider.prometheus.query for each in analysis.spec.metrics), flagger.spec.query]


@pytest.mark.parametrize("query", _queries())
def test_queries_name_metrics_that_exist_with_their_labels(query: str) -> None:
    labels = {metric.name: set(metric.label_names) for metric in CATALOG}
    for name, given in re.findall(r"(stream_monitor_\w+)\{(.*)\}\)", query):
        assert set(re.findall(r'(\w+)="', given)) <= labels[name]
    assert "stream_monitor_" in query


def test_every_argument_of_the_analysis_is_declared() -> None:
    analysis = AnalysisTemplate.model_validate(_load("analysis-template.yaml"))
    used = set(re.findall(r"\{\{args\.(\w+)\}\}", (CONFIGS / "analysis-template.yaml").read_text()))
    assert used == {each.name for each in analysis.spec.args}
