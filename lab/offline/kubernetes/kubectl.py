"""kubectl, as the cluster's administrator."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

from lab.offline import programs
from lab.offline.kubernetes.addresses import KUBECONFIG
from lab.scripts.state import LabError

if TYPE_CHECKING:
    from collections.abc import Iterable


def run(*arguments: str, stdin: str = "") -> str:
    """What it prints. Raises LabError, with its own words, where it fails."""
    done = subprocess.run(
        [str(programs.KUBERNETES.path), "kubectl", *arguments],
        input=stdin,
        env=os.environ | {"KUBECONFIG": str(KUBECONFIG)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise LabError(f"kubectl {' '.join(arguments)} failed: {done.stderr.strip()}")
    return done.stdout


def get(*arguments: str) -> Any:
    """An object, as `deployment/web`, or a list of them; what is said further is kubectl's."""
    return json.loads(run("get", "--output=json", *arguments))


def apply(objects: Iterable[dict[str, Any]], *arguments: str) -> None:
    """Applies them as if a user's file held them."""
    items = {"apiVersion": "v1", "kind": "List", "items": [*objects]}
    run("apply", "--filename=-", *arguments, stdin=json.dumps(items))
