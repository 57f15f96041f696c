"""The CI systems of `systems.toml`: which of them this is, and what its variables tell."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path

# What stands before a branch or a tag in a ref.
REF_PREFIX = re.compile(r"(?:refs/heads/|refs/tags/|refs/remotes/|origin/|tags/)*")
SYSTEMS = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
_PLACEHOLDER = re.compile(r"\{(\w+)\}")

Variables = Mapping[str, str]


def tags_of_system(environ: Variables) -> dict[str, str]:
    """What the system says that this process is a step of, by tag; empty where none is known.

    As in datadog-ci, of several systems the last one counts.
    """
    for name, system in reversed(SYSTEMS.items()):
        values = [environ.get(mark, "") for mark in system["marks"]]
        if any(value and value.startswith(system.get("mark_prefix", "")) for value in values):
            derived = _DERIVED[name](environ) if name in _DERIVED else {}
            return {"ci.provider.name": name, **filled(system["tags"], {**environ, **derived})}
    return {}


def filled(tags: Mapping[str, str | list[str]], variables: Variables) -> dict[str, str]:
    """The tags that have a template with all its variables, filled in."""
    values = {}
    for tag, templates in tags.items():
        for template in [templates] if isinstance(templates, str) else templates:
            if all(variables.get(name) for name in _PLACEHOLDER.findall(template)):
                value = _PLACEHOLDER.sub(lambda match: variables[match[1]], template)
                # Bytes that are no UTF-8 are surrogates to Python, which no server would take.
                values[tag] = value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
                break
    return values


def _appveyor(environ: Variables) -> Variables:
    on_github = environ.get("APPVEYOR_REPO_PROVIDER") == "github"
    return {"github_repository": environ.get("APPVEYOR_REPO_NAME", "") if on_github else ""}


def _bitbucket(environ: Variables) -> Variables:
    return {"pipeline_id": environ.get("BITBUCKET_PIPELINE_UUID", "").strip("{}")}


def _gitlab(environ: Variables) -> Variables:
    author = environ.get("CI_COMMIT_AUTHOR", "")
    match = re.fullmatch(r'(?:"?(?P<name>[^"<]*?)"?\s+)?<?(?P<email>[^<>\s]+@[^<>\s]+)>?', author)
    return match.groupdict("") if match else {}


def _jenkins(environ: Variables) -> Variables:
    """A job's name may end with the branch, or hold parameters as in `job/KEY=VALUE/branch`."""
    name = environ.get("JOB_NAME", "")
    job, _, rest = name.partition("/")
    if "=" in rest.partition("/")[0]:
        return {"pipeline_name": job}
    branch = REF_PREFIX.sub("", environ.get("GIT_BRANCH", ""), count=1)
    return {"pipeline_name": name.replace(f"/{branch}", "", 1) if branch else name}


_DERIVED: Mapping[str, Callable[[Variables], Variables]] = {
    "appveyor": _appveyor,
    "bitbucket": _bitbucket,
    "gitlab": _gitlab,
    "jenkins": _jenkins,
}
