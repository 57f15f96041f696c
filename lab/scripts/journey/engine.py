"""The main job, shown with real runs: releases go through staging to production, or do not."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import requests
from docker.errors import NotFound

from lab.scripts import images
from lab.scripts.machine import registry
from lab.scripts.progress import say
from lab.scripts.state import LAB, REPORTS, LabError, database_password, signing_key

if TYPE_CHECKING:
    import docker

SHOPS = {"staging": "http://127.0.0.1:18080", "production": "http://127.0.0.1:18090"}
_LIST = "/services/discounts/discount"


@dataclass(frozen=True)
class Stop:
    """One run of the gate, the exit status that it must have, and what is live afterwards."""

    release: str
    environment: str
    status: int
    live: dict[str, str]

    @property
    def name(self) -> str:
        """What its reports are called."""
        return f"{self.environment}-{self.release}"


JOURNEY = (
    Stop("good", "staging", 0, {"staging": "good"}),
    Stop("good", "production", 0, {"staging": "good", "production": "good"}),
    Stop("better", "staging", 0, {"staging": "better", "production": "good"}),
    Stop("better", "production", 0, {"staging": "better", "production": "better"}),
    Stop("renamed-field", "staging", 1, {"staging": "better", "production": "better"}),
)


def reference(release: str) -> str:
    """The image of a release, as a user names it."""
    return f"{registry.ADDRESS}/storedog/discounts:{release}"


def travel(engine: docker.DockerClient) -> None:
    """Makes the whole journey; raises at the first thing that is not as it should be."""
    REPORTS.mkdir(parents=True, exist_ok=True)
    for stop in JOURNEY:
        status = _run_gate(stop)
        if status != stop.status:
            raise LabError(
                f"{stop.release} in {stop.environment}: pytest must exit with {stop.status}, "
                f"and did with {status}; its output is above"
            )
        for environment, release in stop.live.items():
            _must_be_live(engine, environment, release)


def _run_gate(stop: Stop) -> int:
    command = [
        *(sys.executable, "-m", "pytest"),
        f"--storedog-env={stop.environment}",
        f"--storedog-image={reference(stop.release)}",
        f"--junitxml={REPORTS / stop.name}.xml",
        f"--storedog-report={REPORTS / stop.name}.json",
    ]
    say(f"{stop.release} -> {stop.environment}, which must exit with {stop.status}")
    print("  $ pytest " + " ".join(command[3:]), flush=True)
    secrets = {"STOREDOG_DB_PASSWORD": database_password()}
    if stop.environment == "staging":
        secrets["STOREDOG_SIGNING_KEY"] = signing_key()
    return subprocess.run(command, cwd=LAB, env=os.environ | secrets, check=False).returncode


def _must_be_live(engine: docker.DockerClient, environment: str, release: str) -> None:
    """The container, its image and the shop's answer all belong to the release."""
    digest = images.release_digest(release)
    name = f"{environment}-discounts"
    try:
        container = engine.containers.get(name)
    except NotFound:
        raise LabError(f"{release} must be live in {environment}; {name} does not exist") from None
    labelled = container.labels.get("storedog.gate.digest")
    held = engine.images.get(container.attrs["Image"]).attrs["RepoDigests"]
    if container.status != "running" or labelled != digest or not _named(held, digest):
        raise LabError(
            f"{release} ({digest}) must be live in {environment}; {name} is {container.status}, "
            f"labelled {labelled}, of the image {', '.join(held)}"
        )
    codes = {discount["code"] for discount in _get(SHOPS[environment] + _LIST)}
    if "BFRIDAY" not in codes:
        raise LabError(f"the shop of {environment} must offer BFRIDAY, and offers {sorted(codes)}")


def _named(references: list[str], digest: str) -> bool:
    return f"{registry.ADDRESS}/storedog/discounts@{digest}" in references


def _get(url: str) -> list[dict[str, str]]:
    answer = requests.get(url, timeout=10)
    if answer.status_code != requests.codes.ok:
        raise LabError(f"{url} must answer 200, and answers {answer.status_code}")
    discounts: list[dict[str, str]] = answer.json()
    return discounts
