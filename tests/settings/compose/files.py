"""A configuration with a compose file, as the settings read both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_storedog_gate.settings.file import read
from pytest_storedog_gate.settings.secret_values import filled_in

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_storedog_gate.deploy.environment import Environment, Service
    from pytest_storedog_gate.settings.file import Configuration

ENVIRONMENT = """
[environments.staging]
gate = "web"
services = ["web"]
checks = ["abc-def-ghi"]
"""


class Files:
    """compose.yaml, storedog.toml and what else is beside them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.configured("")

    def configured(self, text: str, environment: str = ENVIRONMENT) -> None:
        self.write("storedog.toml", f'compose = "compose.yaml"\n{text}{environment}')

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, "utf-8")

    def composed(self, text: str) -> None:
        self.write("compose.yaml", text)

    def read(self, **variables: str) -> Configuration:
        return read(self.folder / "storedog.toml", "staging", variables)

    def environment(self, **variables: str) -> Environment:
        """Staging, with everything that a run puts into it."""
        section = self.read(**variables).section("staging")
        return filled_in(section, "storedog.toml", variables)[0].environment

    def web(self, keys: str, **variables: str) -> Service:
        """The service under the gate, of which the compose file says these."""
        self.composed(service(keys))
        (found,) = self.environment(**variables).services
        return found


def service(keys: str, more: str = "") -> str:
    """A compose file with one service, which has an image and these keys."""
    return f"services:\n  web:\n    image: shop/web:1\n{indented(keys)}{more}"


def indented(keys: str) -> str:
    """Keys of a service."""
    return "".join(f"    {line}\n" for line in keys.splitlines())
