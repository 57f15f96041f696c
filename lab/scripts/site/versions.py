"""The sites of several versions beside each other, as the switch in the header finds them.

The form is that of mike: a folder for each version, and `versions.json` beside them.
"""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

from packaging.version import Version

if TYPE_CHECKING:
    from pathlib import Path

_LEADS_ON = """<!doctype html>
<meta charset="utf-8">
<title>pytest-storedog-gate</title>
<meta http-equiv="refresh" content="0; url={version}/">
<a href="{version}/">{version}</a>
"""


def publish(site: Path, folder: Path, version: str) -> None:
    """Puts a built site into `folder`, in the place of the one of the same version; others stay."""
    there = folder / version
    shutil.rmtree(there, ignore_errors=True)
    shutil.copytree(site, there)
    kept = [path.parent.name for path in folder.glob("[0-9]*/search.json")]
    versions = sorted(kept, key=Version, reverse=True)
    listed = [{"version": one, "title": one, "aliases": []} for one in versions]
    listed[0]["aliases"] = ["latest"]
    (folder / "versions.json").write_text(json.dumps(listed, indent=2) + "\n", "utf-8")
    (folder / "index.html").write_text(_LEADS_ON.format(version=versions[0]), "utf-8")
