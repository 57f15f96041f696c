"""The `watch` of an environment, as the file says it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.datadog.watch import DeploymentGate, Watch
from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.settings import file

if TYPE_CHECKING:
    from pathlib import Path

SERVICES = """\
[services.shop]
image = "r.example/shop"

[environments.staging]
gate = "shop"
services = ["shop"]
"""
NO_SERVICES = "[environments.staging]\n"


def read(folder: Path, environment: str, watch: str) -> Watch | None:
    path = folder / "storedog.toml"
    path.write_text(f"{environment}watch = {watch}\n", "utf-8")
    return file.read(path).environments["staging"].watch


@pytest.mark.parametrize(
    ("environment", "said", "meant"),
    [
        (SERVICES, "{ seconds = 60 }", Watch(60.0)),
        (SERVICES, "{ seconds = 0.5, monitors = [2, 1, 2] }", Watch(0.5, (2, 1))),
        (SERVICES, '{ seconds = 1, monitor_search = "a" }', Watch(1.0, monitor_search="a")),
        (
            SERVICES,
            "{ seconds = 1, deployment_gate = {} }",
            Watch(1.0, deployment_gate=DeploymentGate("shop", "staging")),
        ),
        (
            NO_SERVICES,
            '{ seconds = 1, deployment_gate = { service = "a", env = "b", timeout = 9 } }',
            Watch(1.0, deployment_gate=DeploymentGate("a", "b", timeout=9.0)),
        ),
    ],
)
def test_what_is_said_is_meant(tmp_path: Path, environment: str, said: str, meant: Watch) -> None:
    assert read(tmp_path, environment, said) == meant


@pytest.mark.parametrize(
    ("environment", "said", "words"),
    [
        (SERVICES, "60", "storedog.toml:7: environments.staging.watch: must be a table"),
        (SERVICES, "{}", "environments.staging.watch: the key 'seconds' is missing; add it"),
        (SERVICES, "{ seconds = 0 }", "watch.seconds: must be a positive number of seconds, not 0"),
        (SERVICES, "{ second = 1 }", "watch.second: unknown key; did you mean 'seconds'?"),
        (SERVICES, "{ seconds = 1, monitors = [0] }", "watch.monitors: must be a list"),
        (
            SERVICES,
            '{ seconds = 1, monitors = ["1"] }',
            "watch.monitors: must be a list",
        ),
        (SERVICES, '{ seconds = 1, monitor_search = " " }', "watch.monitor_search: is empty"),
        (NO_SERVICES, "{ seconds = 1 }", "watch: the environment has no services to watch"),
        (NO_SERVICES, "{ seconds = 1, monitors = [] }", "watch: the environment has no services"),
        (
            NO_SERVICES,
            "{ seconds = 1, deployment_gate = {} }",
            "watch.deployment_gate: the key 'service' is missing; add it",
        ),
        (
            SERVICES,
            '{ seconds = 1, deployment_gate = { envs = "a" } }',
            "watch.deployment_gate.envs: unknown key; did you mean 'env'?",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(
    tmp_path: Path, environment: str, said: str, words: str
) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(words)):
        read(tmp_path, environment, said)
