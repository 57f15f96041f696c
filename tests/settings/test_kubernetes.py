"""What `platform = "kubernetes"` reads, and what it refuses by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.deploy.environment import Address
from pytest_storedog_gate.deploy.kubernetes.target import Target
from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.settings.load import load
from pytest_storedog_gate.settings.options import Options

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_storedog_gate.deploy.environment import Environment

BARE = """
[services.db]
image = "postgres:16"
[services.discounts]
image = "registry.test/discounts"
port = 2814
[environments.staging]
platform = "kubernetes"
gate = "discounts"
services = ["discounts"]
checks = ["abc-def-ghi"]
"""


def read(tmp_path: Path, text: str) -> Environment:
    (tmp_path / "storedog.toml").write_text(text)
    options = Options(tmp_path, tmp_path, "staging", image="1")
    keys = {"DD_API_KEY": "0" * 32, "DD_APP_KEY": "0" * 40}
    return load(options, keys).environment


def test_what_is_not_said_has_the_services_name(tmp_path: Path) -> None:
    assert read(tmp_path, BARE).target == Target("discounts", "discounts")


def test_where_checks_reach_it(tmp_path: Path) -> None:
    said = '[environments.staging.kubernetes]\naddress = "10.0.0.7:30080"\n'
    environment = read(tmp_path, BARE + said)
    assert environment.published == Address("10.0.0.7", 30080)
    assert environment.target == Target("discounts", "discounts")


def test_all_of_it(tmp_path: Path) -> None:
    environment = read(
        tmp_path,
        BARE
        + """
preview = "127.0.0.1:12815"
[environments.staging.kubernetes]
kubeconfig = "keys/config"
context = "lab"
namespace = "shop"
deployment = "deployment/shop-discounts"
containers = ["web", "worker"]
service = "shop"
timeout = 20
""",
    )
    assert environment.preview == Address("127.0.0.1", 12815)
    assert environment.target == Target(
        "shop-discounts",
        "shop",
        ("web", "worker"),
        tmp_path / "keys/config",
        "lab",
        "shop",
        20.0,
    )


NAMED = "[environments.staging.kubernetes]\n"
REFUSED = {
    "a service beside": (
        BARE.replace('["discounts"]', '["db", "discounts"]'),
        "staging.services: db is not under the gate, .* take it out: services = ",
    ),
    "what manifests say": (
        BARE.replace(
            "port = 2814",
            "port = 2814\nenvironment = { A = '1' }\nmem_limit = 5\nvolumes = ['/a:/b']\n"
            "readiness = { http = '/' }\nbefore_swap = { command = 'x' }",
        ),
        "discounts says readiness, environment, before_swap, volumes, mem_limit, which your man",
    ),
    "an engine's key": (
        BARE + 'strategy = "rename"\n',
        "strategy: it is for platform docker, and this environment's is kubernetes",
    ),
    "a StatefulSet by its key": (
        BARE + NAMED + 'statefulset = "db"\n',
        "kubernetes.statefulset: a StatefulSet cannot be deployed to, only a Deployment",
    ),
    "a Rollout by its key": (
        BARE + NAMED + 'rollout = "shop"\n',
        "kubernetes.rollout: an Argo Rollout cannot be deployed to, only a Deployment",
    ),
    "a Rollout by its value": (
        BARE + NAMED + 'deployment = "rollout/shop"\n',
        "kubernetes.deployment: an Argo Rollout cannot be deployed to",
    ),
    "a StatefulSet by its value": (
        BARE + NAMED + 'deployment = "statefulsets/shop"\n',
        "kubernetes.deployment: a StatefulSet cannot be deployed to",
    ),
    "a name that is none": (BARE + NAMED + 'service = "Shop"\n', "service: 'Shop' is no name"),
    "a name that is too long": (
        BARE + NAMED + f'deployment = "{"a" * 56}"\n',
        "is no name here: .* at most 55 characters",
    ),
    "a service whose name is none there": (
        BARE.replace("discounts", "dis_counts"),
        "gate: 'dis_counts' is no name here: .*; say which it is with kubernetes.deployment",
    ),
    "a preview that is neither": (
        BARE + 'preview = "shop.example:80"\n',
        r'preview: .* write "127.0.0.1:PORT", .* "discounts-preview.NAMESPACE:PORT"',
    ),
    "kubernetes on an engine": (
        BARE.replace('platform = "kubernetes"\n', "") + "kubernetes = {}\n",
        "kubernetes: it is for platform kubernetes, and this environment's is docker",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_is_refused_by_name(tmp_path: Path, what: str) -> None:
    text, says = REFUSED[what]
    with pytest.raises(ConfigurationError, match=says):
        read(tmp_path, text)


@pytest.mark.parametrize("host", ["discounts-preview", "discounts-preview.shop.svc.cluster.local"])
def test_the_candidates_service_is_a_preview(tmp_path: Path, host: str) -> None:
    environment = read(tmp_path, BARE + f'preview = "{host}:80"\n')
    assert environment.preview == Address(host, 80)
