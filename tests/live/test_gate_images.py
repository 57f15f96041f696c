"""Both stages of the Dockerfile, as lab/image has built them: what a step of a pipeline has."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import docker
import docker.errors
import pytest

from tests.conftest import missing
from tests.local_synthetics.support.service import Target, targeting
from tests.repository import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.live
_VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
# What installs, and what only a graphics card needs, is for no step.
_SCRIPT = """\
test "$(id -un)" = storedog
if ls -d /src || ls -d /opt/tools || ls -d /usr/lib/*/libLLVM* || pip --version; then exit 99; fi
storedog-synthetics init {option} {url}
storedog-synthetics run checks/*.synthetics.json
pytest --storedog-env=staging
"""


@pytest.fixture
def target() -> Iterator[Target]:
    """Something to check."""
    with targeting() as running:
        running.answer("/", body="<h1>Treats</h1>", headers={"Content-Type": "text/html"})
        yield running


@pytest.mark.parametrize(("stage", "option"), [("", ""), ("-browser", "--browser")])
def test_a_step_has_what_it_needs_and_no_more(
    engine: docker.DockerClient, target: Target, stage: str, option: str
) -> None:
    image = f"storedog-gate:{_VERSION}{stage}"
    script = _SCRIPT.format(option=option, url=target.url)
    try:
        said = engine.containers.run(
            image, ["sh", "-euxc", script], network_mode="host", remove=True, stderr=True
        ).decode()
    except docker.errors.ImageNotFound:
        missing("live", f"no {image}; build it with lab/image")
    except docker.errors.ContainerError as error:
        pytest.fail(str(error))
    assert "1 passed\n" in said
    assert "GATE OPEN for staging" in said
