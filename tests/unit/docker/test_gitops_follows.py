"""Argo CD, Flux and Jenkins X deploy the file that the sidecar beside the model writes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from stream_monitor.actions.deployment_request import DeploymentRequest
from stream_monitor.actions.git import Git
from stream_monitor.actions.git_target import GitTarget
from stream_monitor.config.deployment_settings import split_branch
from stream_monitor.config.loading import PREFIX, load_config
from stream_monitor.config.settings import RunConfig
from tests.unit.actions.repositories import Remote

GITOPS = Path(__file__).parents[3] / "configs" / "gitops"


def _all(name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((GITOPS / name).read_text()))


def _config() -> RunConfig:
    """Return the configuration of the sidecar in its manifest."""
    (stateful_set,) = _all("models/churn/stream-monitor.yaml")
    (container,) = stateful_set["spec"]["template"]["spec"]["containers"]
    variables = {each["name"]: each["value"] for each in container["env"]}
    assert {name for name in variables if name.startswith(PREFIX)} <= {
        PREFIX + name.upper() for name in RunConfig.model_fields
    }
    return load_config(RunConfig, {}, variables, None)


def test_all_follow_the_directory_of_the_file_that_is_written() -> None:
    config = _config()
    repository, branch = split_branch(str(config.promote_git))
    file = Path(str(config.promote_file).replace("{model}", config.model))
    directory = str(file.parent)
    assert (GITOPS / file).exists()
    (application,) = _all("argo-cd.yaml")
    source = application["spec"]["source"]
    assert (source["repoURL"], source["targetRevision"], source["path"]) == (repository, branch, directory)
    git_repository, kustomization = (each["spec"] for each in _all("flux.yaml"))
    assert git_repository["ref"]["branch"] == branch
    assert git_repository["url"] == "ssh://" + repository.replace(":", "/")
    assert kustomization["path"] == f"./{directory}"
    (triggers,) = _all("jenkins-x/triggers.yaml")
    (postsubmit,) = triggers["spec"]["postsubmits"]
    assert re.search(postsubmit["run_if_changed"], str(file))
    assert re.search(postsubmit["branches"][0], str(branch))
    assert (GITOPS / "jenkins-x" / postsubmit["source"]).exists()
    assert f"--kustomize, {directory}" in (GITOPS / "jenkins-x/release.yaml").read_text()


def test_the_version_is_the_tag_of_the_image_of_the_model() -> None:
    (kustomization,) = _all("models/churn/kustomization.yaml")
    assert all((GITOPS / "models/churn" / name).exists() for name in kustomization["resources"])
    deployment = _all("models/churn/model.yaml")[1]
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert [image["name"] for image in kustomization["images"]] == [container["image"]]


@pytest.mark.parametrize(("version", "instead"), [("4", "3"), ("v5", "3")])
def test_a_verdict_changes_the_tag_alone(tmp_path: Path, version: str, instead: str) -> None:
    config = _config()
    name = str(config.promote_file).replace("{model}", config.model)
    content = (GITOPS / name).read_text()
    remote = Remote(tmp_path, {name: content})
    (tmp_path / "local").mkdir()
    target = GitTarget(str(remote.path), "main", str(config.promote_file), str(config.promote_key))
    request = DeploymentRequest(config.model, version, instead, "a verdict", "a1", 1)
    target.deploy(Git(tmp_path / "local", target.repository), request, "0" * 64)
    assert remote.read(name) == content.replace('newTag: "3"', f'newTag: "{version}"')
