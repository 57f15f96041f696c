"""The deployer of docs/how-to/deployers.md that calls Docker's client, without an engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_storedog_gate.deploy.environment import Environment
from pytest_storedog_gate.deploy.reaching.engine_address import EngineAddress
from tests import documented

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("engine", ["unix:///run/other.sock", "ssh://deploy@staging.example"])
def test_it_asks_the_engine_that_the_environment_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    client = tmp_path / "docker"
    client.write_text('#!/bin/sh\necho "$DOCKER_HOST"\n', "utf-8")
    client.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    page: dict[str, Any] = {"__file__": str(tmp_path / "conftest.py")}
    exec(documented.example("the gate deploys with Docker Compose"), page)  # noqa: S102
    environment = Environment("staging", engine=EngineAddress.parse(engine))
    assert page["Compose"](environment, print, str).container("staging") == engine
