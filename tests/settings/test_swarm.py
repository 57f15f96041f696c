"""An environment of platform swarm: what it says, and what a stack says in its place."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.deploy.environment import Address
from pytest_storedog_gate.deploy.reaching.engine_address import EngineAddress
from pytest_storedog_gate.deploy.swarm.target import Target
from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.settings.file import read

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_storedog_gate.deploy.environment import Environment

FILE = """\
project = "shop"
[services.db]
image = "localhost:5000/storedog/db:15"
[services.discounts]
image = "localhost:5000/storedog/discounts"
#SERVICE
[environments.staging]
platform = "swarm"
gate = "discounts"
services = ["discounts"]
#ENVIRONMENT
"""
SAID = {
    "": ("unix:///var/run/docker.sock", Target("shop_discounts")),
    'engine = "ssh://manager.example"': ("ssh://manager.example", Target("shop_discounts")),
    'swarm = { service = "web", timeout = 30 }': (
        "unix:///var/run/docker.sock",
        Target("web", timeout=30.0),
    ),
}
REFUSED = {
    "a service beside it": ('services = ["db", "discounts"]', "'db' is not under the gate"),
    "a strategy": ('strategy = "edge"', "strategy: it is for platform docker, and this"),
    "a published address": (
        'publish = { discounts = "127.0.0.1:1" }',
        "publish: it is for platform",
    ),
    "an unknown key": ('swarm = { servcie = "web" }', "swarm.servcie: unknown key; did you mean"),
    "a service without a name": (
        'swarm = { service = "" }',
        "storedog.toml:11: environments.staging.swarm.service: '' is no name of a service: write",
    ),
    "a service that is a path": (
        'swarm = { service = "../info" }',
        "environments.staging.swarm.service: '../info' is no name of a service",
    ),
    "a preview that is no address": ('preview = "8091"', "preview: '8091' is no address"),
    "TLS for a socket": ("tls = { ca = 'ca.pem' }", "tls: it is for an engine at tcp://HOST:PORT"),
}
OF_A_CONTAINER = (
    'readiness = { http = "/ready" }\nport = 2814',
    'environment = { A = "1" }',
    'env_file = ".env"',
    'volumes = { data = "/data" }',
    'command = "serve"',
    "privileged = true",
    'secrets = { key = { environment = "KEY" } }',
    'before_swap = { command = "migrate" }',
)


@pytest.mark.parametrize("said", SAID)
def test_what_it_says(tmp_path: Path, said: str) -> None:
    environment = _read(tmp_path, said)
    assert (environment.engine, environment.target) == (
        EngineAddress(SAID[said][0]),
        SAID[said][1],
    )
    assert environment.platform == "swarm"


@pytest.mark.parametrize("case", REFUSED)
def test_what_it_cannot_say(tmp_path: Path, case: str) -> None:
    said, sentence = REFUSED[case]
    with pytest.raises(ConfigurationError, match=re.escape(sentence)):
        _read(tmp_path, said)


@pytest.mark.parametrize("said", OF_A_CONTAINER)
def test_what_a_stack_says_is_refused_by_its_name(tmp_path: Path, said: str) -> None:
    key = said.partition(" ")[0]
    with pytest.raises(ConfigurationError, match=f"services.discounts says .*`{key}`.* the stack"):
        _read(tmp_path, service=said)


def test_another_environment_may_have_the_preview(tmp_path: Path) -> None:
    assert _read(tmp_path, service="port = 2814").preview is None


def test_a_preview_is_an_address_and_its_candidate_has_a_port(tmp_path: Path) -> None:
    said = 'port = 2814\ncandidate = "on"'
    environment = _read(tmp_path, 'preview = "127.0.0.1:8091"', said)
    assert environment.preview == Address("127.0.0.1", 8091)
    assert environment.gated is not None
    assert (environment.gated.port, environment.gated.candidate) == (2814, "on")


def test_a_preview_needs_a_candidate(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match='candidate is "off", and a candidate answers the'):
        _read(tmp_path, 'preview = "127.0.0.1:8091"', 'port = 2814\ncandidate = "off"')


def _read(folder: Path, environment: str = "", service: str = "") -> Environment:
    file = folder / "storedog.toml"
    text = FILE.replace("#SERVICE", service).replace("#ENVIRONMENT", environment)
    if environment.startswith("services"):
        text = text.replace('services = ["discounts"]\n', "")
    file.write_text(text, "utf-8")
    return read(file).environments["staging"].environment
