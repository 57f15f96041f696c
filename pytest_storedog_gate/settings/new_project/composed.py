"""The compose file of a project that gets its first storedog.toml."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_storedog_gate.reading.yaml_files import yaml_table

_NAMES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")


@dataclass(frozen=True)
class Composed:
    """`gate` is the service of the image that is deployed, `services` all that start with it."""

    file: str
    gate: str
    services: tuple[str, ...]
    has_port: bool


def composed(image: str) -> Composed | None:
    """The file in the current folder, where a service in it has the image, else None."""
    name = next((name for name in _NAMES if Path(name).is_file()), None)
    if name is None:
        return None
    said = yaml_table(Path(name), name, "compose").data.get("services")
    services = {
        service: keys
        for service, keys in (said if isinstance(said, dict) else {}).items()
        if isinstance(keys, dict)
    }
    gate = next((one for one, keys in services.items() if _is_of(keys, image)), None)
    if gate is None:
        return None
    started = tuple(one for one, keys in services.items() if not keys.get("profiles"))
    has_port = bool(services[gate].get("ports") or services[gate].get("expose"))
    return Composed(name, gate, started, has_port)


def _is_of(keys: dict[str, Any], image: str) -> bool:
    said = str(keys.get("image", ""))
    return said == image or said.startswith((f"{image}:", f"{image}@"))


def image_of(file: str, service: str) -> str:
    """The image of a service of the file, without its tag: what stands before it says which."""
    services = yaml_table(Path(file), file, "compose").table("services")
    said = str(services.table(service).data.get("image", ""))
    return re.sub(r"(?::[^/]*)?(?:@.*)?$", "", said, count=1)
