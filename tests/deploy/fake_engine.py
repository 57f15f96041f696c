"""Stands for a Docker engine and its registry where a test only wants to look at them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.deploy.docker import names
from pytest_storedog_gate.deploy.docker.container import Container
from pytest_storedog_gate.errors import DeploymentFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_storedog_gate.deploy import ImageReference


def digest_of(tag: str) -> str:
    """The digest that the registry has for a tag; it has none for `none`."""
    return "sha256:" + (tag.encode().hex() * 64)[:64]


def container(name: str, tag: str = "old", **facts: Any) -> Container:
    """A container of that image, running."""
    told: dict[str, Any] = {
        "id": name,
        "name": name,
        "status": "running",
        "exit_code": 0,
        "health": None,
        "started_at": "2026-01-02T03:04:05Z",
        "created_at": "2026-01-02T03:04:05Z",
        "restarts": 0,
        "restart_policy": "no",
        "image_id": tag,
        "image": f"r.example/shop:{tag}",
        "labels": {names.DIGEST: digest_of(tag)},
        "answers_to": {},
        "bindings": {},
        "wanted": (),
    }
    return Container(**(told | facts))


class FakeEngine:
    """Only what can be asked: whatever would change something is missing."""

    standing: tuple[Container, ...] = ()
    networks: tuple[str, ...] = ()

    def __init__(self, endpoint: str, _redact: object) -> None:
        self.endpoint = endpoint

    def connect(self) -> None:
        """There is nothing to connect to."""

    def close(self) -> None:
        """Nor to leave."""

    def clock(self) -> str:
        return "2026-01-02T03:04:06Z"

    def find(self, name: str) -> Container | None:
        return next((one for one in self.standing if one.name == name), None)

    def publishers(self, port: int) -> list[Container]:
        return [one for one in self.standing if port in one.bindings]

    def digest(self, image: ImageReference) -> str:
        if image.tag == "none":
            raise DeploymentFailed(f"the registry does not know {image}")
        return image.digest or digest_of(str(image.tag))

    def image(self, _reference: str) -> Mapping[str, Any] | None:
        return None

    def has_network(self, name: str) -> bool:
        return name in self.networks
