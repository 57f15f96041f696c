"""The main job on the lab's Swarm: Storedog is a stack, and releases go through the gate."""

from __future__ import annotations

import os
import subprocess
import time
from typing import TYPE_CHECKING

import requests
from docker.errors import NotFound

from lab.scripts import images
from lab.scripts.journey.engine import JOURNEY
from lab.scripts.journey.stops import must_offer_discounts, run_gate
from lab.scripts.machine.swarm.engines import LAB as SWARM
from lab.scripts.progress import step
from lab.scripts.state import LAB, REPORTS, LabError, database_password

if TYPE_CHECKING:
    import docker

OPTIONS = ("--storedog-config=storedog/swarm/storedog.toml",)
_PORTS = {"staging": 18080, "production": 18090}
SHOPS = {name: f"http://{SWARM.network.address(1)}:{port}" for name, port in _PORTS.items()}
_STACK = LAB / "storedog" / "swarm" / "stack.yml"
_SOON = 120.0  # s


def travel() -> None:
    """Makes the whole journey; raises at the first thing that is not as it should be."""
    SWARM.ensure()
    manager = SWARM.client()
    for environment in SHOPS:
        _deploy_stack(manager, environment)
    for stop in JOURNEY:
        run_gate(stop, *OPTIONS, reports=REPORTS / "swarm")
        for environment, release in stop.live.items():
            _must_be_live(manager, environment, release)
    manager.close()


def _deploy_stack(manager: docker.DockerClient, environment: str) -> None:
    """The stack; a second time it gets the image that is live by then."""
    said = {"STOREDOG_DB_PASSWORD": database_password(), "SHOP_PORT": str(_PORTS[environment])}
    try:
        live = manager.services.get(f"{environment}_discounts")  # type: ignore[no-untyped-call]
        said["DISCOUNTS"] = live.attrs["Spec"]["TaskTemplate"]["ContainerSpec"]["Image"]
    except NotFound:
        pass
    command = ["docker", "-H", SWARM.manager, "stack", "deploy", "-c", str(_STACK), environment]
    with step(f"stack {environment}"):
        deployed = subprocess.run(
            command, env=os.environ | said, check=False, capture_output=True, text=True
        )
        if deployed.returncode:
            raise LabError(f"the stack {environment} was not deployed: {deployed.stderr.strip()}")
        deadline = time.monotonic() + _SOON
        while True:
            try:
                return must_offer_discounts(environment, SHOPS[environment])
            except (requests.RequestException, LabError):
                if time.monotonic() > deadline:
                    raise
            time.sleep(0.5)


def _must_be_live(manager: docker.DockerClient, environment: str, release: str) -> None:
    """All tasks that run are of the release, and the shop answers."""
    digest = images.release_digest(release)
    service = manager.services.get(f"{environment}_discounts")  # type: ignore[no-untyped-call]
    tasks = service.tasks(filters={"desired-state": "running"})
    run = {task["Spec"]["ContainerSpec"]["Image"].partition("@")[2] for task in tasks}
    if run != {digest} or service.attrs["Spec"]["Labels"].get("storedog.gate.digest") != digest:
        raise LabError(f"{release} ({digest}) must be live in {environment}; its tasks run {run}")
    must_offer_discounts(environment, SHOPS[environment])
