"""Programs of the machine: installed from Debian's packages where that is possible."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from lab.scripts import logged
from lab.scripts.progress import step
from lab.scripts.state import LabError

if TYPE_CHECKING:
    from collections.abc import Iterator

_POLICY = Path("/usr/sbin/policy-rc.d")


def need(**package_of: str) -> None:
    """Installs the package of each program (with _ for -) that is missing."""
    missing = [
        package
        for program, package in package_of.items()
        if shutil.which(program.replace("_", "-")) is None
    ]
    if not missing:
        return
    names = " ".join(missing)
    if os.geteuid() != 0 or not Path("/etc/debian_version").exists():
        raise LabError(
            f"the lab needs {names}, which it installs only as root on Debian; install them and "
            "run it again (in place of docker.io and docker-registry an engine and a registry "
            "at 127.0.0.1:5000 will do)"
        )
    with step(f"installing {names} with apt-get"), _services_stay_stopped():
        _apt_get("update")
        _apt_get("install", "-y", "--no-install-recommends", *missing)


def _apt_get(*arguments: str) -> None:
    logged.run(
        ["apt-get", "-q", *arguments],
        "apt-get.log",
        what=f"apt-get {arguments[0]}",
        DEBIAN_FRONTEND="noninteractive",
    )


@contextmanager
def _services_stay_stopped() -> Iterator[None]:
    """Debian starts what it installs; the lab starts its own, so that it knows what to stop."""
    if _POLICY.exists():
        yield
        return
    _POLICY.write_text("#!/bin/sh\nexit 101\n")
    _POLICY.chmod(0o755)
    try:
        yield
    finally:
        _POLICY.unlink()
