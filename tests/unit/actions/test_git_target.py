"""A version is written to a file in a real Git repository, once, and never over the work of others."""

from __future__ import annotations

from pathlib import Path

import pytest

from stream_monitor.actions.deployment_request import Deployed, DeploymentError, DeploymentRequest
from stream_monitor.actions.git import Git
from stream_monitor.actions.git_target import GitTarget
from tests.unit.actions.repositories import CONTENT, FILE, Remote, git

REQUEST = DeploymentRequest("churn", "4", "3", "4 is better than 3, after 1,234 outcomes", "a1b2", 7)
HASH = "9f" * 32


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    return Remote(tmp_path)


def deploy(
    remote: Remote,
    request: DeploymentRequest = REQUEST,
    *,
    file: str = "models/{model}.yaml",
    key: str = "spec.version",
    branch: str | None = None,
    offered: str | None = None,
    kind: type[Git] = Git,
) -> Deployed:
    """Deploy in a new local repository."""
    count = len([*remote.path.parent.glob("work-*")])
    directory = remote.path.parent / f"work-{count}"
    directory.mkdir()
    target = GitTarget(str(remote.path), branch, file, key, offered)
    return target.deploy(kind(directory, str(remote.path)), request, HASH)


def _newest(remote: Remote, branch: str) -> str:
    return git(remote.path, "rev-parse", branch).strip()


def test_one_value_is_changed_and_the_message_says_why(remote: Remote) -> None:
    before = git(remote.path, "ls-tree", "-r", "main", "README.md")
    deployed = deploy(remote)
    assert deployed.outcome == "pushed"
    assert deployed.commit == _newest(remote, "main")
    assert remote.read() == CONTENT.replace('"3" ', '"4" ')
    assert remote.message().strip() == (
        "Deploy churn 4 instead of 3\n\n4 is better than 3, after 1,234 outcomes\n\n"
        f"Audit-Line: {HASH}\nDeployment-Id: a1b2-7"
    )
    assert git(remote.path, "ls-tree", "-r", "main", "README.md") == before
    assert git(remote.path, "show", "--format=", "--name-only", "main").split() == [FILE]


def test_the_same_request_is_never_done_twice(remote: Remote) -> None:
    first = deploy(remote)
    assert deploy(remote) == Deployed("pushed", "main has the commit already", first.commit)
    remote.pull()
    remote.push({FILE: CONTENT})
    assert deploy(remote).commit == first.commit
    assert (remote.read(), len(remote.log())) == (CONTENT, 3)


def test_a_rollback_puts_the_one_before_back(remote: Remote) -> None:
    deploy(remote)
    back = DeploymentRequest("churn", "3", "4", "4 is worse than 3, after 99 outcomes", "a1b2", 8)
    assert deploy(remote, back).outcome == "pushed"
    assert remote.read() == CONTENT
    assert remote.log()[0] == "Deploy churn 3 instead of 4"


def test_a_file_that_has_the_version_is_unchanged(remote: Remote) -> None:
    request = REQUEST._replace(version="3", instead="4")
    assert deploy(remote, request).outcome == "unchanged"
    assert len(remote.log()) == 1


def test_a_key_that_somebody_has_changed_is_left(remote: Remote) -> None:
    remote.push({FILE: CONTENT.replace('"3" ', '"5" ')})
    deployed = deploy(remote)
    assert deployed.outcome == "left"
    assert deployed.detail == "models/churn.yaml has '5' by now, not 3: somebody changed it"
    assert '"5" ' in remote.read()


class _Overtaken(Git):
    """Somebody else pushes before the first push."""

    remote: Remote
    content = CONTENT.replace("replicas:   2", "replicas:   3")
    times = 1

    def push(self, commit: str, branch: str) -> None:
        if self.times:
            self.times -= 1
            self.remote.push({FILE: self.content, "more.txt": f"{self.times}"})
        super().push(commit, branch)


def _overtaken(remote: Remote, **changes: object) -> type[Git]:
    return type("Overtaken", (_Overtaken,), {"remote": remote, **changes})


def test_a_push_behind_somebody_elses_is_done_on_top_of_it(remote: Remote) -> None:
    assert deploy(remote, kind=_overtaken(remote)).outcome == "pushed"
    assert remote.log() == ["Deploy churn 4 instead of 3", "Somebody's work", "Somebody's work"]
    assert remote.read() == CONTENT.replace("replicas:   2", "replicas:   3").replace('"3" ', '"4" ')


def test_a_push_behind_one_that_has_changed_the_key_is_left(remote: Remote) -> None:
    content = CONTENT.replace('"3" ', '"3-hotfix" ')
    assert deploy(remote, kind=_overtaken(remote, content=content)).outcome == "left"
    assert remote.read() == content


def test_a_push_that_is_overtaken_all_the_time_waits(remote: Remote) -> None:
    with pytest.raises(DeploymentError, match="rejected") as error:
        deploy(remote, kind=_overtaken(remote, times=9))
    assert error.value.fault == "conflict"
    assert set(remote.log()) == {"Somebody's work"}


def test_a_push_that_a_hook_refuses_waits(remote: Remote) -> None:
    hook = remote.refuse("only on weekdays")
    with pytest.raises(DeploymentError, match="only on weekdays") as error:
        deploy(remote)
    assert error.value.fault == "refused"
    assert remote.read() == CONTENT
    hook.unlink()
    assert deploy(remote).outcome == "pushed"


@pytest.mark.parametrize(
    ("place", "fault", "message"),
    [
        ({"file": "models/{model}.yml"}, "missing_file", "the repository has no file models/churn.yml"),
        ({"file": "models"}, "missing_file", "has no file models"),
        ({"key": "spec.tag"}, "missing_key", "models/churn.yaml has no key spec.tag"),
        ({"file": "README.md"}, "missing_key", "README.md has no key spec.version"),
        ({"branch": "live"}, "unreachable", "couldn't find remote ref refs/heads/live"),
    ],
)
def test_a_place_that_is_not_there_waits(remote: Remote, place: dict[str, str], fault: str, message: str) -> None:
    with pytest.raises(DeploymentError, match=message) as error:
        deploy(remote, **place)  # type: ignore[arg-type]
    assert error.value.fault == fault


def test_an_empty_or_missing_repository_waits(tmp_path: Path, remote: Remote) -> None:
    git(tmp_path, "init", "--quiet", "--bare", "empty.git")
    for number, (path, message) in enumerate({"empty.git": "no commit", "none.git": "does not"}.items()):
        directory = tmp_path / f"local-{number}"
        directory.mkdir()
        target = GitTarget(str(tmp_path / path), None, FILE, "spec.version")
        with pytest.raises(DeploymentError, match=message) as error:
            target.deploy(Git(directory, target.repository), REQUEST, HASH)
        assert error.value.fault == "unreachable"


def test_another_branch_is_followed(remote: Remote) -> None:
    remote.push({"other.txt": "x"}, "live")
    assert deploy(remote, branch="live").outcome == "pushed"
    assert (len(remote.log("live")), len(remote.log("main"))) == (3, 1)


def test_a_branch_is_offered_once(remote: Remote) -> None:
    offered = "deploy/{model}-{version}"
    first = deploy(remote, offered=offered)
    assert first == Deployed("offered", "the branch deploy/churn-4", _newest(remote, "deploy/churn-4"))
    assert remote.read() == CONTENT
    assert remote.read(branch="deploy/churn-4") == CONTENT.replace('"3" ', '"4" ')
    remote.push({"README.md": "# More models\n"})
    again = deploy(remote, offered=offered)
    assert again == first._replace(detail="the branch deploy/churn-4 has the commit already")
    other = REQUEST._replace(number=9)
    assert deploy(remote, other, offered=offered) == Deployed("left", "the branch deploy/churn-4 has other commits")
    assert len(remote.log("deploy/churn-4")) == 2


def test_names_from_a_stream_can_not_leave_their_place(remote: Remote) -> None:
    for model in ("../churn", "-x", "", "a/b", "churn\n"):
        assert deploy(remote, REQUEST._replace(model=model)).outcome == "left"
    request = REQUEST._replace(version='4\n\nDeployment-Id: forged"')
    assert deploy(remote, request).outcome == "pushed"
    assert "\nDeployment-Id: forged" not in remote.message()
    assert remote.read().splitlines()[4] == '    version: "4\\n\\nDeployment-Id: forged\\""           # the live one'
    deploy(remote, REQUEST._replace(version="a..b/ c", instead=request.version, number=8), offered="deploy-{version}")
    assert "deploy-a-.b--c" in git(remote.path, "branch", "--list")


def test_a_link_is_no_file(remote: Remote) -> None:
    (remote.path.parent / "somebody" / "link.yaml").symlink_to(FILE)
    remote.push({})
    with pytest.raises(DeploymentError, match=r"has no file link\.yaml"):
        deploy(remote, file="link.yaml")
