"""The image registry on 127.0.0.1:5000: the one that runs, else one that the lab starts.

Reading follows the OCI distribution specification.
"""

from __future__ import annotations

import time
from typing import Any

import requests

from lab.scripts.machine import packages, processes
from lab.scripts.progress import say, step
from lab.scripts.state import STATE, LabError

NAME = "docker-registry"
ADDRESS = "localhost:5000"
_API = "http://127.0.0.1:5000/v2"
_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_TIMEOUT = 30.0
_CONFIGURATION = f"""\
version: 0.1
log: {{level: warn}}
storage:
  filesystem: {{rootdirectory: "{STATE / "registry"}"}}
  delete: {{enabled: true}}
http: {{addr: "127.0.0.1:5000"}}
"""


def ensure() -> None:
    """Makes sure that a registry answers."""
    if _answers():
        say(f"image registry {ADDRESS}: runs already")
        return
    packages.need(docker_registry="docker-registry")
    path = STATE / "registry.yml"
    path.write_text(_CONFIGURATION)
    with step(f"starting the image registry {ADDRESS}"):
        process = processes.start(NAME, ["docker-registry", "serve", str(path)])
        deadline = time.monotonic() + _TIMEOUT
        while not _answers():
            processes.still_running(NAME, process)
            if time.monotonic() > deadline:
                raise LabError(f"the image registry does not answer after {_TIMEOUT:.0f} s")
            time.sleep(0.1)


def digest(repository: str, tag: str) -> str | None:
    """The digest that a tag has in the registry."""
    answer = _manifest(repository, tag)
    return None if answer is None else answer.headers["Docker-Content-Digest"]


def labels(repository: str, tag: str) -> dict[str, str]:
    """The labels of the image that a tag has in the registry; none if there is no such tag."""
    answer = _manifest(repository, tag)
    if answer is None:
        return {}
    blob = answer.json()["config"]["digest"]
    found = requests.get(f"{_API}/{repository}/blobs/{blob}", timeout=_TIMEOUT)
    if found.status_code == requests.codes.not_found:
        return {}
    found.raise_for_status()
    configuration: dict[str, Any] = found.json()["config"]
    return configuration.get("Labels") or {}


def _manifest(repository: str, tag: str) -> requests.Response | None:
    answer = requests.get(
        f"{_API}/{repository}/manifests/{tag}", headers={"Accept": _MANIFEST}, timeout=_TIMEOUT
    )
    if answer.status_code == requests.codes.not_found:
        return None
    answer.raise_for_status()
    return answer


def _answers() -> bool:
    try:
        answer = requests.get(f"{_API}/", timeout=3)
    except requests.RequestException:
        return False
    if answer.status_code != requests.codes.ok:
        raise LabError(
            f"127.0.0.1:5000 answers HTTP {answer.status_code}, which is not a registry that "
            "everyone may use; stop what listens there and run it again"
        )
    return True
