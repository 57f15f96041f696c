"""The version stands in pyproject.toml; whatever else names one names that."""

from __future__ import annotations

import re
import tomllib

from tests.repository import ROOT, kept

_VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
# The gate's image by its tag, the repository as a hook of pre-commit, and the site by its footer.
_NAMED = re.compile(r"\b(?:storedog-gate:|rev: v|copyright: pytest-storedog-gate )(\d+\.\d+\.\d+)")
_WHERE = {
    ".drone.yml",
    "Dockerfile",
    "mkdocs.yml",
    "docs/reference/lint.md",
    "docs/how-to/pipelines/drone.md",
}


def test_images_and_pages_name_the_version() -> None:
    texts = (
        path for path in kept() if path.suffix in {"", ".md", ".yml"} and path.parts[0] != "lab"
    )
    named = {
        str(path): set(_NAMED.findall((ROOT / path).read_text("utf-8")))
        for path in texts
        if path.name != "CHANGELOG.md"
    }
    assert {path: found for path, found in named.items() if found - {_VERSION}} == {}
    assert {path for path, found in named.items() if found} >= _WHERE


def test_the_newest_changes_are_those_of_the_version() -> None:
    newest = re.search(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert newest
    assert newest[1] == "Unreleased" or newest[1].startswith(f"{_VERSION} ")
