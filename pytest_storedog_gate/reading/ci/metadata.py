"""What the CI system says about this run: the metadata of a batch, and where an image comes from.

Names and shape are datadog-ci's (its `ci.ts` and `user-provided-git.ts`). Where we differ:

- A template of which a variable is missing is left out; datadog-ci sends `.../undefined`.
- A prefix is taken off at a ref's start alone, so the branch `fix/origin/x` keeps its name, and
  `refs/tags/v1` is the tag `v1`, not `refs/v1`.
- Credentials are removed from every URL, not from the repository's alone.
- `DD_CI_WORKSPACE_PATH` may start with `~` as well.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.reading.ci.systems import REF_PREFIX, filled, tags_of_system

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_storedog_gate.reading.ci.systems import Variables

_MESSAGE_LIMIT = 500
_NUMBER = re.compile(r"\s*([+-]?[0-9]+)")
# `scheme://user:password@`, or `user:password@` before a host; the user of `git@host:path` stays.
_CREDENTIALS = re.compile(r"^([A-Za-z][\w+.-]*://)[^/?#]*@|^[^/@:]+:[^/@]*@")
# What the user says beats what the system says: of `ci.job.id` in DD_CI_JOB_ID.
_USER = {
    tag: f"{{DD_{tag.replace('.', '_').upper()}}}"
    for tag in (
        "ci.job.id", "ci.job.name", "ci.job.url", "ci.pipeline.id", "ci.pipeline.name",
        "ci.pipeline.number", "ci.pipeline.url", "ci.provider.name", "ci.stage.name",
        "ci.workspace_path", "git.branch", "git.commit.author.date", "git.commit.author.email",
        "git.commit.author.name", "git.commit.committer.date", "git.commit.committer.email",
        "git.commit.committer.name", "git.commit.message", "git.commit.sha", "git.repository_url",
        "git.tag",
    )
}  # fmt: skip


def metadata(environ: Variables = os.environ) -> dict[str, Any]:
    """The trigger's `metadata`; empty where neither a CI system nor the user says anything."""
    tags = _tags(environ)
    return _tree(tags) if tags else {}


def origin(environ: Variables = os.environ) -> tuple[str | None, str | None, str | None]:
    """Commit, build number and build link of what is deployed; None is what nobody says.

    A system that does not number its builds has IDs; one that has no page for the pipeline has one
    for the job.
    """
    tags = _tags(environ)

    def first(*names: str) -> str | None:
        return next((tags[name] for name in names if tags.get(name)), None)

    return (
        first("git.commit.sha"),
        first("ci.pipeline.number", "ci.pipeline.id", "ci.job.id"),
        first("ci.pipeline.url", "ci.job.url"),
    )


def _tags(environ: Variables) -> dict[str, str]:
    tags = _normalised(tags_of_system(environ), environ)
    return tags | _normalised(filled(_USER, environ), environ)


def _normalised(tags: Mapping[str, str], environ: Variables) -> dict[str, str]:
    result = dict(tags)
    for tag in tags:
        if tag.endswith("url"):
            result[tag] = _CREDENTIALS.sub(r"\1", result[tag])
    if "git.repository_url" in result:
        result["git.repository_url"] = re.split(r"[?#]", result["git.repository_url"])[0]
    path = result.get("ci.workspace_path", "")
    if path == "~" or path.startswith("~/"):
        result["ci.workspace_path"] = environ.get("HOME", "") + path[1:]
    if "git.tag" in result:
        result["git.tag"] = REF_PREFIX.sub("", result["git.tag"], count=1)
    if "git.branch" in result:
        ref = result.pop("git.branch")
        name = REF_PREFIX.sub("", ref, count=1)
        if "tags/" in ref.removesuffix(name):
            result.setdefault("git.tag", name)
        else:
            result["git.branch"] = name
    return result


def _tree(tags: Mapping[str, str]) -> dict[str, Any]:
    tree: dict[str, Any] = {
        "ci": {"job": {}, "pipeline": {}, "provider": {}, "stage": {}},
        "git": {"commit": {"author": {}, "committer": {}}},
    }
    for tag, value in tags.items():
        *groups, name = tag.split(".")
        node = tree
        for group in groups:
            node = node[group]
        node[name] = value
    pipeline, commit = tree["ci"]["pipeline"], tree["git"]["commit"]
    if "message" in commit:
        commit["message"] = commit["message"][:_MESSAGE_LIMIT]
    if number := _NUMBER.match(pipeline.pop("number", "")):
        pipeline["number"] = int(number[1])
    return tree
