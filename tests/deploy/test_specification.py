"""What containers are created from, and when two of them differ."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_storedog_gate.deploy import Build, ImageReference
from pytest_storedog_gate.deploy.docker import names
from pytest_storedog_gate.deploy.docker.specification import fingerprint, specify
from pytest_storedog_gate.deploy.environment import Address, Environment, Readiness, Service

SHOP = Service("shop", "shop", 8080, Readiness("/ready"), {"PASSWORD": "hunter2-secret"})
PUBLISH = {"shop": Address("127.0.0.1", 80)}
STAGING = Environment("staging", gate="shop", services=(SHOP,), publish=PUBLISH, network="net")
IMAGE = ImageReference("r.example/shop", "1", "sha256:" + "ab" * 32)


def test_the_fingerprint_is_stable_and_keeps_secrets() -> None:
    assert fingerprint(STAGING, SHOP) == fingerprint(STAGING, replace(SHOP))
    assert "hunter2" not in fingerprint(STAGING, SHOP)


@pytest.mark.parametrize(
    "change",
    [
        {"environment": {"PASSWORD": "other"}},
        {"port": 81},
        {"volumes": {"data": "/data"}},
        {"readiness": None},
    ],
)
def test_the_fingerprint_follows_the_service(change: dict[str, object]) -> None:
    assert fingerprint(STAGING, replace(SHOP, **change)) != fingerprint(STAGING, SHOP)  # type: ignore[arg-type]


@pytest.mark.parametrize("change", [{"network": "other"}, {"publish": {}}])
def test_the_fingerprint_follows_the_environment(change: dict[str, object]) -> None:
    assert fingerprint(replace(STAGING, **change), SHOP) != fingerprint(STAGING, SHOP)  # type: ignore[arg-type]


def test_a_candidate_is_out_of_the_traffics_way() -> None:
    live = specify(STAGING, SHOP, IMAGE, Build())
    assert live.aliases == ("shop",)
    assert live.port_bindings("127.0.0.1") == {8080: [("127.0.0.1", 80)]}
    candidate = live.candidate()
    assert candidate.aliases == ()
    assert candidate.port_bindings("127.0.0.1") == {8080: [("127.0.0.1", None)]}
    assert candidate.image == live.image == IMAGE.pinned


def test_a_placeholder_has_no_secret_and_no_address() -> None:
    placeholder = specify(STAGING, SHOP, IMAGE, Build()).placeholder()
    assert placeholder.environment == {}
    assert placeholder.port_bindings("127.0.0.1") == {}
    assert placeholder.labels[names.ABSENT] == "1"


def test_a_port_that_nobody_asks_for_stays_inside() -> None:
    inside = specify(replace(STAGING, publish={}), replace(SHOP, readiness=None), IMAGE, Build())
    assert inside.port_bindings("127.0.0.1") == {}


def test_secrets_are_in_no_repr() -> None:
    assert "hunter2" not in repr(specify(STAGING, SHOP, IMAGE, Build()))
