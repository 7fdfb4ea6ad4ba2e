"""The files for Argo CD, Flux, Jenkins X, Argo Rollouts, Flagger and Kubernetes keep to the published schemas.

Kubernetes' own kinds are checked with the schemas in the package kubernetes-validate. The custom resource definitions
of the other projects are not in a package: the fields in use are listed here, as those define them, and where
``STREAM_MONITOR_CRDS`` names a directory with the definitions, the files are checked against them as well:

- argoproj/argo-cd: ``manifests/crds/application-crd.yaml``
- argoproj/argo-rollouts: ``manifests/crds/analysis-template-crd.yaml``
- fluxcd/source-controller: ``config/crd/bases/source.toolkit.fluxcd.io_gitrepositories.yaml``
- fluxcd/kustomize-controller: ``config/crd/bases/kustomize.toolkit.fluxcd.io_kustomizations.yaml``
- fluxcd/flagger: ``artifacts/flagger/crd.yaml``
- tektoncd/pipeline: ``config/300-crds/300-pipelinerun.yaml``
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import kubernetes_validate
import pytest
import yaml

CONFIGS = Path(__file__).parents[3] / "configs"
#: The version of Kubernetes whose schemas are taken.
KUBERNETES = "1.37"
CORE = {"v1", "apps/v1"}
#: Kinds that have no custom resource definition: they are read by programs, not by Kubernetes.
FILES_ONLY = {"config.lighthouse.jenkins-x.io/v1alpha1", "kustomize.config.k8s.io/v1beta1"}
#: The fields in use, with their types.
FIELDS: dict[str, dict[str, type]] = {
    "argoproj.io/v1alpha1 Application": {
        "spec.project": str,
        "spec.source.repoURL": str,
        "spec.source.targetRevision": str,
        "spec.source.path": str,
        "spec.destination.server": str,
        "spec.destination.namespace": str,
        "spec.syncPolicy.automated.prune": bool,
        "spec.syncPolicy.automated.selfHeal": bool,
        "spec.syncPolicy.syncOptions[]": str,
        "spec.syncPolicy.retry.limit": int,
        "spec.syncPolicy.retry.backoff.duration": str,
        "spec.syncPolicy.retry.backoff.factor": int,
        "spec.syncPolicy.retry.backoff.maxDuration": str,
    },
    "argoproj.io/v1alpha1 AnalysisTemplate": {
        "spec.args[].name": str,
        "spec.args[].value": str,
        "spec.metrics[].name": str,
        "spec.metrics[].interval": str,
        "spec.metrics[].failureLimit": int,
        "spec.metrics[].successCondition": str,
        "spec.metrics[].failureCondition": str,
        "spec.metrics[].provider.prometheus.address": str,
        "spec.metrics[].provider.prometheus.query": str,
    },
    "flagger.app/v1beta1 MetricTemplate": {
        "spec.provider.type": str,
        "spec.provider.address": str,
        "spec.query": str,
    },
    "source.toolkit.fluxcd.io/v1 GitRepository": {
        "spec.url": str,
        "spec.ref.branch": str,
        "spec.interval": str,
        "spec.secretRef.name": str,
    },
    "kustomize.toolkit.fluxcd.io/v1 Kustomization": {
        "spec.sourceRef.kind": str,
        "spec.sourceRef.name": str,
        "spec.path": str,
        "spec.targetNamespace": str,
        "spec.interval": str,
        "spec.prune": bool,
        "spec.wait": bool,
        "spec.timeout": str,
    },
    "tekton.dev/v1 PipelineRun": {
        "spec.timeouts.pipeline": str,
        "spec.taskRunTemplate.serviceAccountName": str,
        "spec.pipelineSpec.tasks[].name": str,
        "spec.pipelineSpec.tasks[].taskSpec.stepTemplate.workingDir": str,
        "spec.pipelineSpec.tasks[].taskSpec.steps[].name": str,
        "spec.pipelineSpec.tasks[].taskSpec.steps[].image": str,
        "spec.pipelineSpec.tasks[].taskSpec.steps[].command[]": str,
    },
    "config.lighthouse.jenkins-x.io/v1alpha1 TriggerConfig": {
        "spec.postsubmits[].name": str,
        "spec.postsubmits[].context": str,
        "spec.postsubmits[].source": str,
        "spec.postsubmits[].run_if_changed": str,
        "spec.postsubmits[].branches[]": str,
    },
    "kustomize.config.k8s.io/v1beta1 Kustomization": {
        "namespace": str,
        "resources[]": str,
        "images[].name": str,
        "images[].newTag": str,
    },
}


class Resource(NamedTuple):
    """A document of a file."""

    path: Path
    content: dict[str, Any]

    @property
    def kind(self) -> str:
        return f"{self.content['apiVersion']} {self.content['kind']}"


def resources() -> list[Resource]:
    """Return the documents of all files for Kubernetes."""
    paths = sorted([*(CONFIGS / "gitops").rglob("*.yaml"), *(CONFIGS / "kubernetes").glob("*.yaml")])
    return [Resource(path, content) for path in paths for content in yaml.safe_load_all(path.read_text())]


def _name(resource: Resource) -> str:
    return f"{resource.path.stem}-{resource.content['kind']}"


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the fields of a document, each with its value."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _leaves(each, f"{path}.{name}".lstrip("."))
    elif isinstance(value, list):
        for each in value:
            yield from _leaves(each, f"{path}[]")
    else:
        yield path, value


@pytest.mark.parametrize("resource", [each for each in resources() if each.content["apiVersion"] in CORE], ids=_name)
def test_a_kind_of_kubernetes_keeps_to_its_schema(resource: Resource) -> None:
    kubernetes_validate.validate(resource.content, KUBERNETES, strict=True)


@pytest.mark.parametrize(
    "resource", [each for each in resources() if each.content["apiVersion"] not in CORE], ids=_name
)
def test_every_other_kind_has_known_fields_only(resource: Resource) -> None:
    content = {
        name: value for name, value in resource.content.items() if name not in ("apiVersion", "kind", "metadata")
    }
    for path, value in _leaves(content):
        assert type(value) is FIELDS[resource.kind][path], path


def test_every_known_field_is_in_use() -> None:
    used = {(each.kind, path) for each in resources() for path, _ in _leaves(each.content)}
    assert {(kind, path) for kind, fields in FIELDS.items() for path in fields} <= used


@pytest.mark.skipif("STREAM_MONITOR_CRDS" not in os.environ, reason="STREAM_MONITOR_CRDS names no directory")
def test_every_other_kind_keeps_to_its_custom_resource_definition() -> None:
    schemas = dict(_schemas(Path(os.environ["STREAM_MONITOR_CRDS"])))
    for resource in resources():
        if resource.content["apiVersion"] not in CORE | FILES_ONLY:
            jsonschema.validate(resource.content, schemas[resource.kind])


def _schemas(directory: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the schemas of the custom resource definitions in a directory, by their kind."""
    for path in directory.glob("*.yaml"):
        for definition in yaml.safe_load_all(path.read_text()):
            spec = definition["spec"]
            for version in spec["versions"]:
                schema = _closed(version["schema"]["openAPIV3Schema"])
                schema["properties"]["metadata"] = {"type": "object"}
                yield f"{spec['group']}/{version['name']} {spec['names']['kind']}", schema


def _closed(schema: Any) -> Any:
    """Return a schema that refuses the fields which Kubernetes would drop."""
    if isinstance(schema, list):
        return [_closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: _closed(value) for name, value in schema.items()}
    if "properties" in closed and not closed.get("x-kubernetes-preserve-unknown-fields"):
        closed.setdefault("additionalProperties", False)
    return closed
