"""Environments of several projects on one engine: none touches what is another's."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from pytest_storedog_gate.deploy.docker.names import Names
from pytest_storedog_gate.deploy.environment import Address, Environment, Service
from pytest_storedog_gate.deploy.reaching.engine_address import EngineAddress
from pytest_storedog_gate.errors import ConfigurationError, Locked
from tests.deploy.conftest import deploy, reached, staging, told
from tests.deploy.fake_engine import ENDPOINT

if TYPE_CHECKING:
    from tests.deploy.fake_machine import Machine

DB = Service("db", "r.example/db:1", volumes={"data": "/data"})


def of(project: str, **facts: Any) -> Environment:
    """The environment `staging` of a project, with a database and a network of its own."""
    made = staging(services=(DB,), project=project)
    return replace(made, network=f"{project}.staging" if project else "net", **facts)


def refused(machine: Machine, environment: Environment) -> str:
    """What a run is told, and its plan too; neither changes anything."""
    image, before = machine.push("2"), machine.state()
    with pytest.raises(ConfigurationError) as caught:
        deploy(machine, environment, image)
    with reached(machine, environment) as deployer, pytest.raises(ConfigurationError) as planned:
        told(deployer.foresee(image))
    assert machine.state() == before
    assert str(planned.value) == str(caught.value)
    return str(caught.value)


def test_two_projects_with_the_same_names_are_apart(machine: Machine) -> None:
    machine.push("1", name="db")
    deploy(machine, of("one"), machine.push("1"))
    deploy(machine, of("two"), machine.push("2"))
    assert machine.statuses() == dict.fromkeys(
        ("one.staging.db", "one.staging.shop", "two.staging.db", "two.staging.shop"), "running"
    )
    assert machine.answer("one.staging.shop") == "1"
    shop = machine.box("two.staging.shop")
    assert shop is not None
    assert shop.spec.labels["storedog.gate.project"] == "two"
    volumes = {"one.staging.data": "one", "two.staging.data": "two"}
    for volume, project in volumes.items():
        assert machine.made_volumes[volume]["storedog.gate.project"] == project
    assert machine.networks["one.staging"]["storedog.gate.project"] == "one"


def test_no_two_places_have_one_name() -> None:
    words = ("a", "x", "app", "a-x", "x-app", "a-x-app")
    with_project = [Names(e, s, p) for p in words for e in words for s in words]
    seen = [
        (each, name) for each in with_project for name in (each.live, each.candidate, each.previous)
    ]
    assert len({name for _, name in seen}) == len(seen)
    locks = {Names(e, "app", p).lock for p in ("", *words) for e in words}
    assert len(locks) == (len(words) + 1) * len(words)
    assert not locks & {name for _, name in seen}
    # Without a project they can be one: the labels tell.
    plain = [Names(e, s) for e, s in product(words, repeat=2)]
    assert len({each.live for each in plain}) < len(plain)


def test_another_environment_of_the_same_name_is_refused(machine: Machine) -> None:
    """Service app of a-x, and x-app of a."""
    machine.push("1", name="db")
    one = Environment("a", "app", None, (replace(DB, name="x-app"), replace(DB, name="app")))
    other = Environment("a-x", "app", None, (Service("app", "r.example/shop"),), network="other")
    mine = replace(one, strategy="rename", network="net", engine=EngineAddress(ENDPOINT))
    deploy(machine, mine, machine.push("1", name="db"))
    text = refused(machine, replace(other, strategy="rename", engine=EngineAddress(ENDPOINT)))
    assert text.startswith("the container a-x-app is of service x-app, environment a, and not of")


def test_a_volume_of_another_environment_is_refused(machine: Machine) -> None:
    machine.made_volumes["staging-data"] = {"storedog.gate.env": "staging-data"}
    machine.push("1", name="db")
    assert refused(machine, of("")).startswith("the volume staging-data is of environment")


def test_a_network_of_another_project_is_refused(machine: Machine) -> None:
    machine.push("1", name="db")
    deploy(machine, of("one"), machine.push("1"))
    text = refused(machine, replace(of("two"), network="one.staging"))
    assert text.startswith("the network one.staging is of project one: name another one in")


def test_a_deployment_without_a_project_is_handed_over_by_hand(machine: Machine) -> None:
    machine.push("1", name="db")
    deploy(machine, of(""), machine.push("1"))
    text = refused(machine, of("mine"))
    steps = [line.strip() for line in text.splitlines()[1:]]
    assert steps == [
        f"docker -H {ENDPOINT} rename staging-db mine.staging.db",
        f"docker -H {ENDPOINT} rename staging-shop mine.staging.shop",
    ]
    for step in steps:
        old, new = step.split()[-2:]
        box = machine.box(old)
        assert box is not None
        box.name = new
    copy = refused(machine, of("mine")).splitlines()[1]
    assert "-v staging-data:/from -v mine.staging.data:/to r.example/db@sha256:" in copy
    machine.made_volumes["mine.staging.data"] = {}
    deploy(machine, of("mine"), machine.push("2"))
    assert machine.statuses() == {"mine.staging.db": "running", "mine.staging.shop": "running"}
    db = machine.box("mine.staging.db")
    assert db is not None
    assert (db.spec.labels["storedog.gate.project"], set(db.spec.volumes)) == (
        "mine",
        {"mine.staging.data"},
    )


def test_an_edge_is_handed_over_too(machine: Machine) -> None:
    address = Address("127.0.0.1", 80)
    before = staging("edge", publish={"shop": address})
    deploy(machine, before, machine.push("1"))
    mine = replace(before, project="mine")
    first, *steps = refused(machine, mine).splitlines()
    assert first.endswith("and run again at once, as its edge has nobody to go to until then")
    for step in steps:
        old, new = step.split()[-2:]
        box = machine.box(old)
        assert box is not None
        box.name = new
    deploy(machine, mine, machine.push("2"))
    assert machine.answer_at(address) == "2"
    assert set(machine.statuses()) == {"mine.staging.shop"}


def test_what_stands_without_a_project_may_be_somebody_elses(machine: Machine) -> None:
    machine.push("1", name="db")
    deploy(machine, of(""), machine.push("1"))
    mine = of("mine")
    shop = replace(mine.services[-1], image="r.example/other")
    deploy(machine, replace(mine, services=(DB, shop)), machine.push("2", name="other"))
    assert machine.answer("staging-shop") == "1"
    assert machine.answer("mine.staging.shop") == "2"


def test_one_lock_is_for_all_services_of_an_environment(machine: Machine) -> None:
    machine.push("1", name="db")
    deploy(machine, of(""), machine.push("1"))
    other_gate = replace(of(""), gate="db")
    with (
        reached(machine, of("")) as one,
        reached(machine, other_gate) as two,
        one.lock(),
        pytest.raises(Locked),
        two.lock(),
    ):
        pass
