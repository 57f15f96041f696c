"""Addresses, names and secrets of the pipeline, kept where only their owner reads them."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from ipaddress import ip_network
from string import Template
from typing import TYPE_CHECKING

from lab.scripts.state import LAB, STATE, write_secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    import docker

FOLDER = STATE / "pipeline"
FILE = FOLDER / "env"
APP_INI = FOLDER / "app.ini"
PROJECTS = "storedog-pipeline"  # how the names of all pipelines begin for Docker Compose
# What runs inside of gogs/gogs.
_GOGS_USER = 1000


@dataclass(frozen=True)
class Settings:
    """What the compose file and its users are told; `lab/.state/pipeline/env` as an object."""

    project: str
    address: str
    user: str
    password: str
    first_password: str
    token: str

    @property
    def email(self) -> str:
        """The user's address in commits and in Gogs."""
        return f"{self.user}@storedog.example"

    @property
    def gogs(self) -> str:
        """Gogs' origin."""
        return f"http://{self.address}:3000"

    @property
    def drone(self) -> str:
        """Drone's origin."""
        return f"http://{self.drone_host}"

    @property
    def drone_host(self) -> str:
        """What Drone is called on the containers of its steps."""
        return f"{self.address}:8000"


def read() -> Settings:
    """What `write` wrote."""
    values = _values()
    return Settings(
        values["PIPELINE_PROJECT"],
        values["PIPELINE_ADDRESS"],
        values["PIPELINE_USER"],
        values["PIPELINE_PASSWORD"],
        values["GOGS_FIRST_PASSWORD"],
        values["DRONE_TOKEN"],
    )


def write(engine: docker.DockerClient, images: Mapping[str, str]) -> Settings:
    """Fills in what is not there yet; secrets that are there stay."""
    FOLDER.mkdir(mode=0o700, exist_ok=True)
    values = {
        "PIPELINE_PROJECT": f"{PROJECTS}-{secrets.token_hex(4)}",
        "PIPELINE_USER": "storedog",
        "PIPELINE_PASSWORD": secrets.token_urlsafe(12),
        "GOGS_FIRST_PASSWORD": secrets.token_urlsafe(12),
        "DRONE_TOKEN": secrets.token_hex(16),
        "DRONE_RPC_SECRET": secrets.token_hex(16),
        "GOGS_SECRET_KEY": secrets.token_hex(16),
        **_values(),
        "PIPELINE_ADDRESS": _gateway(engine),
        "GOGS_APP_INI": str(APP_INI),
        **images,
    }
    write_secret(FILE, "".join(f"{name}={value}\n" for name, value in values.items()))
    _write_app_ini(values)
    return read()


def _gateway(engine: docker.DockerClient) -> str:
    """The machine as its containers see it: the one address that is the same for all."""
    (configuration, *_) = engine.networks.get("bridge").attrs["IPAM"]["Config"]
    # The engine says the gateway only where somebody chose it; else it is the first address.
    return str(configuration.get("Gateway") or ip_network(configuration["Subnet"])[1])


def _write_app_ini(values: Mapping[str, str]) -> None:
    template = Template((LAB / "pipeline" / "app.ini").read_text())
    APP_INI.touch(mode=0o600)
    APP_INI.write_text(
        template.substitute(
            ADDRESS=values["PIPELINE_ADDRESS"], SECRET_KEY=values["GOGS_SECRET_KEY"]
        )
    )
    if os.geteuid() == 0:
        os.chown(APP_INI, _GOGS_USER, _GOGS_USER)


def _values() -> dict[str, str]:
    if not FILE.exists():
        return {}
    lines = FILE.read_text().splitlines()
    return {name: value for name, _, value in (line.partition("=") for line in lines)}
