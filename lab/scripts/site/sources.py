"""What the site is built from: docs/, and a page for each other file that a page links to.

A link to a file of the repository so holds in a checkout, on a forge and on the site, whatever the
site's address is, and no generator needs a plugin for it.
"""

from __future__ import annotations

import posixpath
import re
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_LINK = re.compile(r"\]\((?P<path>[^)\s#:]+)(?P<anchor>#[^)\s]*)?\)")
# What is read as a page of its own stands in the navigation, or beside it.
_OWN = {"CONTRIBUTING.md": "contributing/index.md", "CHANGELOG.md": "changelog.md"}
# The source of a program is no answer to a search.
_NOT_SEARCHED = "---\nsearch:\n  exclude: true\n---\n\n"


def prepare(root: Path, folder: Path) -> None:
    """Writes all sources into `folder`, which is made anew; `root` is the repository's folder."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(root / "docs", folder)
    pages = [f"docs/{path.relative_to(folder).as_posix()}" for path in folder.rglob("*.md")]
    wanted = [*pages, *_OWN]
    for path in wanted:  # grows: a page that is added may link on
        text = _page(root, path)
        there = folder / _place(path)
        there.parent.mkdir(parents=True, exist_ok=True)
        if path in pages or path in _OWN:
            targets = {_target(match["path"], path) for match in _LINK.finditer(text)}
            wanted += [
                target
                for target in sorted(targets)
                if not target.startswith("docs/")
                and target not in wanted
                and (root / target).exists()
            ]
            text = _led(text, path, root)
        there.write_text(text, "utf-8")


def _led(text: str, path: str, root: Path) -> str:
    """The text, whose links lead to places of the site."""

    def led(match: re.Match[str]) -> str:
        target = _target(match["path"], path)
        if not (root / target).exists():
            return match[0]
        there = posixpath.relpath(_place(target), posixpath.dirname(_place(path)) or ".")
        return f"]({there}{match['anchor'] or ''})"

    return _LINK.sub(led, text)


def _target(link: str, path: str) -> str:
    """The repository's path of what a link of the file `path` leads to."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), link))


def _place(path: str) -> str:
    """The site's path of a file of the repository."""
    if path.startswith("docs/"):
        return path.removeprefix("docs/")
    return _OWN.get(path) or f"source/{path.lstrip('.')}.md"


def _page(root: Path, path: str) -> str:
    """The Markdown that shows a file or a folder."""
    if path in _OWN or path.startswith("docs/"):
        return (root / path).read_text("utf-8")
    title = f"{_NOT_SEARCHED}# `{path}`\n\n"
    if (root / path).is_dir():
        names = sorted(entry.name for entry in (root / path).iterdir())
        return title + "\n".join(f"- `{name}`" for name in names if name[0] not in "._") + "\n"
    text = (root / path).read_text("utf-8")
    language = (root / path).suffix[1:] or "text"
    return f"{title}`````{language}\n{text}\n`````\n"
