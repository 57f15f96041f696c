"""What a kubelet changes of the machine that it runs on, and how it is put back."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from lab.offline.kubernetes.addresses import FOLDER
from lab.scripts.state import write_secret

_SETTINGS = ("vm/overcommit_memory", "kernel/panic", "kernel/panic_on_oops")
_FOLDERS = (
    *("/var/lib/kubelet", "/var/lib/cni", "/usr/libexec/kubernetes"),
    *("/var/log/containers", "/var/log/pods"),
)
_BEFORE = FOLDER / "machine-before.json"
# Of a cluster that did not come so far as to write it.
_NOTHING = {"settings": {}, "folders": _FOLDERS}


def remember() -> None:
    """Writes down how it was: once, because a second time it is as a kubelet left it."""
    if not _BEFORE.exists():
        settings = {each: Path("/proc/sys", each).read_text().strip() for each in _SETTINGS}
        folders = [each for each in _FOLDERS if Path(each).exists()]
        write_secret(_BEFORE, json.dumps({"settings": settings, "folders": folders}, indent=2))


def put_back() -> None:
    """The settings as they were; the mounts, the folders and the cluster's own folder gone."""
    before: dict[str, Any] = json.loads(_BEFORE.read_text()) if _BEFORE.exists() else _NOTHING
    for name, value in before["settings"].items():
        Path("/proc/sys", name).write_text(value)
    made = [Path(each) for each in _FOLDERS if each not in before["folders"]]
    for folder in (*made, FOLDER):
        _unmount_below(folder)
        if folder.exists():
            shutil.rmtree(folder)


def _unmount_below(folder: Path) -> None:
    mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    # A later one may stand on an earlier one.
    for point in reversed([line.split()[4] for line in mounts]):
        if Path(point).is_relative_to(folder):
            subprocess.run(["umount", "--lazy", point], check=True)
