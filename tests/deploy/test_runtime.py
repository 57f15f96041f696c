"""What a service says of its container, on the way from specification to rollback."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import docker
import pytest

from pytest_storedog_gate.deploy import Build
from pytest_storedog_gate.deploy.docker import names
from pytest_storedog_gate.deploy.docker.container import Container
from pytest_storedog_gate.deploy.docker.engine import creation
from pytest_storedog_gate.deploy.docker.specification import specify
from pytest_storedog_gate.deploy.environment import Address, Service
from pytest_storedog_gate.deploy.runtime import Mount, Network, Port, Runtime, Secret
from pytest_storedog_gate.errors import ConfigurationError, DeploymentFailed
from tests.deploy.conftest import LIVE, deploy, promoted, reached, staging, told
from tests.deploy.ways import ADDRESS, each_way

if TYPE_CHECKING:
    from pytest_storedog_gate.deploy import ImageReference
    from pytest_storedog_gate.deploy.environment import Environment
    from tests.deploy.fake_machine import Machine

FURTHER = Address("127.0.0.1", 90)
BACK = "staging-back"


def saying(environment: Environment, **said: Any) -> Environment:
    """The same environment, whose service under the gate says more."""
    (shop,) = environment.services
    return replace(environment, services=(replace(shop, runtime=Runtime(**said)),))


def test_what_would_let_others_reach_a_candidate_is_not_given_to_it(new: ImageReference) -> None:
    environment = saying(
        staging("recreate"),
        hostname="shop",
        user="1000",
        ports=(Port(9090, FURTHER),),
        networks=(Network("back", ("behind",)),),
    )
    (shop,) = environment.services
    live = specify(environment, shop, new, Build())
    assert live.port_bindings("127.0.0.1") == {9090: [("127.0.0.1", 90)]}
    assert live.addresses == [FURTHER]
    candidate = live.candidate()
    assert candidate.port_bindings("127.0.0.1") == {}
    assert candidate.runtime == Runtime(user="1000", networks=(Network(BACK),))


def test_labels_of_the_gate_are_its_own(new: ImageReference) -> None:
    said = {"team": "shop", names.DIGEST: "mine"}
    environment = saying(staging(), labels=said)
    (shop,) = environment.services
    labels = specify(environment, shop, new, Build()).labels
    assert (labels["team"], labels[names.DIGEST]) == ("shop", new.digest)


@pytest.mark.parametrize("label", sorted(names.UNSAID))
def test_what_an_image_says_in_a_label_of_the_gate_is_not_heard(
    new: ImageReference, label: str
) -> None:
    (shop,) = staging().services
    spec = specify(staging(), replace(shop, readiness=None), new, Build())
    with closing(docker.APIClient(version="1.43")) as api:
        asked = creation.request(api, spec, "127.0.0.1")["labels"]
    labels = {label: "1", **asked}  # as an engine does it
    seen = {"Id": "1", "Name": "/x", "Created": "", "Image": "", "RestartCount": 0}
    seen |= {"State": {"Status": "running", "ExitCode": 0, "StartedAt": ""}, "HostConfig": {}}
    seen |= {"Config": {"Image": "x", "Labels": labels}, "NetworkSettings": {"Networks": {}}}
    assert Container.from_inspection(seen).labels == spec.labels


def test_a_secret_is_in_no_label_and_no_repr(new: ImageReference) -> None:
    secrets = (Secret("key", content=b"hunter2-secret"),)
    environment = saying(staging(variables={}), secrets=secrets)
    (shop,) = environment.services
    spec = specify(environment, shop, new, Build())
    assert "hunter2" not in f"{spec}{dict(spec.labels)}{spec.environment}"
    other = replace(shop, runtime=Runtime(secrets=(Secret("key", content=b"another"),)))
    assert specify(environment, other, new, Build()).labels[names.SPEC] != spec.labels[names.SPEC]


@each_way
def test_the_engine_starts_it_anew_as_it_says_after_a_rollback_too(
    environment: Environment, machine: Machine, old: ImageReference, new: ImageReference
) -> None:
    wanted = saying(environment, restart="unless-stopped")
    deploy(machine, wanted, old)
    assert [box.policy for box in machine.boxes if box.name == LIVE] == ["unless-stopped"]
    with promoted(machine, wanted, new) as (_, live):
        live.rollback()
    live_now = [(b.image.release, b.policy) for b in machine.boxes if b.name == LIVE]
    assert live_now == [("1", "unless-stopped")]


@each_way
def test_networks_and_volumes_are_made_and_belong_to_the_environment(
    environment: Environment, machine: Machine, new: ImageReference
) -> None:
    mounts = (Mount("volume", "fixed", "/fixed", read_only=True),)
    wanted = saying(environment, networks=(Network("back"),), mounts=mounts)
    with reached(machine, wanted) as deployer:
        assert f"create the network {BACK}" in told(deployer.foresee(new))
    deploy(machine, wanted, new)
    assert machine.networks[BACK] == machine.networks["net"] == {names.ENVIRONMENT: "staging"}
    assert machine.made_volumes["staging-fixed"] == {names.ENVIRONMENT: "staging"}
    machine.networks[BACK] = {names.ENVIRONMENT: "elsewhere"}
    with pytest.raises(ConfigurationError, match=f"the network {BACK} is of environment elsewhere"):
        deploy(machine, wanted, new)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"networks": (Network("Proxy", external=True),)}, "networks: the engine has no network P"),
        (
            {"mounts": (Mount("volume", "old", "/data", external=True),)},
            "volumes: the engine has no volume old",
        ),
    ],
)
def test_what_is_external_has_to_be_there(
    machine: Machine, new: ImageReference, said: dict[str, Any], why: str
) -> None:
    wanted = saying(staging(), **said)
    with reached(machine, wanted) as deployer, pytest.raises(ConfigurationError, match=why):
        told(deployer.foresee(new))
    with pytest.raises(ConfigurationError, match=why):
        deploy(machine, wanted, new)
    assert machine.statuses() == {}
    machine.networks["Proxy"], machine.made_volumes["old"] = {}, {}
    deploy(machine, wanted, new)
    assert machine.answer(LIVE) == "2"


def test_a_further_port_that_is_taken_is_refused_before_anything_is_touched(
    machine: Machine, old: ImageReference, new: ImageReference
) -> None:
    environment = staging("recreate", publish={"shop": ADDRESS})
    deploy(machine, environment, old)
    machine.stand("other", ports={1: (FURTHER,)})
    wanted = saying(environment, ports=(Port(9090, FURTHER),))
    with reached(machine, wanted) as deployer, pytest.raises(DeploymentFailed, match="by the cont"):
        told(deployer.foresee(new))
    with pytest.raises(DeploymentFailed, match=f"{FURTHER} is taken by the container other"):
        deploy(machine, wanted, new)
    assert machine.answer_at(ADDRESS) == "1"
    box = machine.box("other")
    assert box is not None
    machine.remove(box)
    deploy(machine, wanted, new)
    assert machine.answer_at(FURTHER) == machine.answer_at(ADDRESS) == "2"


def test_a_supporting_service_that_was_taken_from_a_network_is_replaced(
    machine: Machine, new: ImageReference
) -> None:
    machine.push("9", name="db")
    runtime = Runtime(networks=(Network("back", ("behind",)),))
    environment = staging(services=(Service("db", "r.example/db:9", runtime=runtime),))
    deploy(machine, environment, new)
    box = machine.box("staging-db")
    assert box is not None
    with reached(machine, environment) as deployer:
        assert any("leave staging-db alone" in line for line in told(deployer.foresee(new)))
    box.spec = replace(box.spec, runtime=replace(runtime, networks=(Network(BACK),)))
    with reached(machine, environment) as deployer:
        (line,) = (each for each in told(deployer.foresee(new)) if "start staging-db" in each)
    assert line.endswith(f"it was not in the network {BACK} by its names")
