"""Settings of the deployment by Git."""

from __future__ import annotations

import re
import shutil

from pydantic import ValidationInfo, field_validator

from stream_monitor.config.base import Settings, setting

_NEEDED = ("promote_file", "promote_key", "state_dir", "audit_log")


class DeploymentSettings(Settings):
    """Settings of the deployment by Git: the version that a verdict favours is written to a file in a repository."""

    promote_file: str | None = setting(
        None,
        "YAML file in the repository of --promote-git; {model} stands for the name of the model",
        "PATH",
        min_length=1,
    )
    promote_key: str | None = setting(
        None, "key of the version in --promote-file, such as spec.version", "KEY", min_length=1
    )
    promote_branch: str | None = setting(
        None,
        "branch to which commits are pushed as an offer, such as deploy/{model}-{version}; by default they go to the "
        "branch that --promote-git follows",
        "NAME",
        min_length=1,
    )
    promote_git: str | None = setting(
        None,
        "Git repository in which the version that a verdict favours is committed, and the one before on a rollback; "
        "without a branch that of its HEAD; needs --state-dir and --audit-log",
        "REPOSITORY[#BRANCH]",
        min_length=1,
        validate_default=True,
    )

    @field_validator("promote_file")
    @classmethod
    def _inside(cls, value: str | None) -> str | None:
        if value is not None and (value.startswith("/") or {"", ".", ".."} & set(value.split("/"))):
            raise ValueError(f"{value!r} must be a path inside the repository, without . and ..")
        return value

    @field_validator("promote_key")
    @classmethod
    def _whole_key(cls, value: str | None) -> str | None:
        if value is not None and not all(re.split(r"(?<!\\)\.", value)):
            raise ValueError(f"{value!r} must be names with a dot between them, such as spec.version")
        return value

    @field_validator("promote_branch")
    @classmethod
    def _branch_name(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"[\w{][\w{}.-]*(/[\w{][\w{}.-]*)*", value):
            raise ValueError(f"{value!r} must be letters, digits, - . _ and / with {{model}} or {{version}}")
        return value

    @field_validator("promote_git")
    @classmethod
    def _complete(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None:
            given = next((name for name in info.data if name.startswith("promote_") and info.data[name]), None)
            if given:
                raise ValueError(f"is required: --{given.replace('_', '-')} has no effect without it")
            return None
        _check_repository(value)
        missing = [name for name in _NEEDED if name in info.data and info.data[name] is None]
        if missing:
            raise ValueError(f"needs --{missing[0].replace('_', '-')}")
        return value


def _check_repository(value: str) -> None:
    """Check that git can be called with a repository; no message repeats a password."""
    if value.startswith(("-", "#")):
        raise ValueError("must be the address or path of a Git repository")
    if re.search(r"://[^/@]*:[^/@]*@", value):
        raise ValueError("must have no password in it: use a credential helper of git, or an SSH key")
    if shutil.which("git") is None:
        raise ValueError("there is no git command on the PATH")


def split_branch(repository: str) -> tuple[str, str | None]:
    """Return the address and the branch of ``REPOSITORY[#BRANCH]``.

    >>> split_branch("https://git.example/deploy.git#main"), split_branch("/srv/deploy.git")
    (('https://git.example/deploy.git', 'main'), ('/srv/deploy.git', None))
    """
    address, _, branch = repository.partition("#")
    return address, branch or None
