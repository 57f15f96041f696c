"""lab/docs: the site, and the pages of the reference that are made from the code."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tomllib
from pathlib import Path

from lab.scripts.site import command_lines, keys, sources, versions

ROOT = Path(__file__).parents[3]
SITE = ROOT / "lab" / ".state" / "site"
MADE = {"configuration.md": keys.page, "options.md": command_lines.page}


def main() -> int:
    """Writes what is made from the code, then builds the site, serves or publishes it."""
    parser = argparse.ArgumentParser(prog="lab/docs", description=__doc__)
    commands = ["build", "serve", "write", "publish"]
    parser.add_argument("command", nargs="?", choices=commands, default="build")
    parser.add_argument("folder", nargs="?", type=Path, help="of publish: all versions' sites")
    arguments = parser.parse_args()
    command, folder = arguments.command, arguments.folder
    if (command == "publish") != bool(folder):
        parser.error("publish, and nothing else, takes a folder")
    for name, page in MADE.items():
        (ROOT / "docs" / "reference" / name).write_text(page(), "utf-8")
    if command == "write":
        return 0
    sources.prepare(ROOT, SITE / "sources")
    how = ["serve"] if command == "serve" else ["build", "--strict", "--clean"]
    generator = [sys.executable, "-m", "zensical", *how]
    ended = subprocess.run(generator, cwd=ROOT, check=False).returncode
    if folder and not ended:
        project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
        versions.publish(SITE / "html", folder, project["version"])
    return ended


if __name__ == "__main__":
    sys.exit(main())
