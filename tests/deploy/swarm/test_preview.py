"""The candidate that stands for checks before traffic."""

from __future__ import annotations

import copy
import re
import socket
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from pytest_storedog_gate.deploy import Answers
from pytest_storedog_gate.deploy.environment import Address
from pytest_storedog_gate.deploy.swarm import reached_at
from pytest_storedog_gate.errors import ConfigurationError, DeploymentFailed, NoVerdict
from pytest_storedog_gate.pytest_side.conformance import deploy
from tests.deploy.swarm.fake_swarm import service
from tests.deploy.swarm.places import OnTheFake

if TYPE_CHECKING:
    from pytest_storedog_gate.deploy.environment import Environment
    from pytest_storedog_gate.deploy.swarm.manager import Manager
    from tests.deploy.swarm.fake_swarm import FakeSwarm

OWN = "web-preview"
VOLUME = {"Type": "volume", "Source": "data", "Target": "/data"}
PORTS = [{"TargetPort": 80, "PublishedPort": 1}, {"TargetPort": 81, "PublishedPort": 2}]


@pytest.fixture
def here(place: OnTheFake, preview: Address) -> Environment:
    return place.environment(preview)


def staged(place: OnTheFake, environment: Environment) -> None:
    """A run that ends without a word once its candidate stands."""
    with place.reach(environment) as deployer, deployer.lock() as held:
        held.fetch(place.new).stage()


def test_it_stands_without_traffic_and_goes_before_it_gets_it(
    place: OnTheFake, here: Environment
) -> None:
    deploy(place, place.old)
    before = place.swarm.services["web"]["Version"]
    with place.reach(here) as deployer, deployer.lock() as held:
        live = held.fetch(place.new).stage()
        assert isinstance(live, Answers)
        assert live.address == str(here.preview)
        live.prove()
        assert place.answer() == place.old.digest
        assert place.swarm.answering(OWN) == {place.new.pinned}
        assert place.swarm.services["web"]["Version"] == before
        promoted = live.promote()
        assert set(place.swarm.services) == {"web"}
        promoted.prove()
        promoted.conclude()
    assert place.answer() == place.new.digest


def test_one_of_another_run_stays_when_a_run_that_slept_takes_its_own_away(
    place: OnTheFake, here: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It slept right before the call that deletes: whatever it looked at was before."""
    deploy(place, place.old)
    answer = place.swarm._on_services

    def after_others(call: Any, *path: str) -> Any:
        if call.method == "DELETE":
            spec = place.swarm.services[OWN]["Spec"]
            place.swarm.remove(OWN)
            place.swarm.create(spec)
        return answer(call, *path)

    with place.reach(here) as deployer, deployer.lock() as held:
        live = held.fetch(place.new).stage()
        monkeypatch.setattr(place.swarm, "_on_services", after_others)
        live.promote()
    assert set(place.swarm.services) == {"web", OWN}


def test_nothing_leads_to_it_that_leads_to_what_is_live(
    place: OnTheFake, here: Environment
) -> None:
    template = place.swarm.services["web"]["Spec"]["TaskTemplate"]
    container = {
        **template["ContainerSpec"],
        "Hostname": "shop",
        "Labels": {"traefik.enable": "true"},
        "Env": ["A=1"],
    }
    placement = {"Constraints": ["node.role == manager"]}
    place.swarm.update(
        "web", TaskTemplate={**template, "ContainerSpec": container, "Placement": placement}
    )
    staged(place, here)
    made = place.swarm.services[OWN]["Spec"]
    assert made["Labels"] == {
        "com.docker.stack.namespace": "somebody",
        "storedog.gate.env": "staging",
        "storedog.gate.preview": "web",
    }
    assert made["Mode"] == {"Replicated": {"Replicas": 1}}
    assert made["EndpointSpec"]["Mode"] == "dnsrr"
    (port,) = made["EndpointSpec"]["Ports"]
    assert here.preview is not None
    assert (port["TargetPort"], port["PublishedPort"]) == (8080, here.preview.port)
    assert port["PublishMode"] == "host"
    assert made["TaskTemplate"]["Networks"] == [{"Target": "net-1"}]
    assert made["TaskTemplate"]["Placement"]["Constraints"] == [
        "node.role == manager",
        "node.id==n1",
    ]
    candidate = made["TaskTemplate"]["ContainerSpec"]
    assert candidate["Env"] == ["A=1"]
    assert "Hostname" not in candidate
    assert {key.rpartition(".")[0] for key in candidate["Labels"]} == {
        "storedog.gate",
        "com.datadoghq.tags",
    }


@pytest.mark.parametrize(
    ("host", "node"),
    [
        ("127.0.0.1", "manager"),
        ("localhost", "manager"),
        ("0.0.0.0", "manager"),  # noqa: S104
        ("10.9.9.2", "worker"),
        ("worker", "worker"),
    ],
)
def test_the_address_says_which_node(
    place: OnTheFake, preview: Address, host: str, node: str
) -> None:
    environment = place.environment(Address(host, preview.port))
    with place.reach(environment) as deployer:
        (line,) = deployer.foresee(place.new).stage()
    assert line.startswith(f"start {OWN} on {node} at ")
    assert line.endswith(f":{preview.port}, and wait until it is ready")


def test_a_bad_one_gets_no_traffic_and_goes(place: OnTheFake, here: Environment) -> None:
    deploy(place, place.old)
    with (
        place.reach(here) as deployer,
        deployer.lock() as held,
        pytest.raises(
            DeploymentFailed,
            match=r"(?s)web-preview is not ready: .* exit code 3.*What was done: removed web-prev",
        ),
    ):
        held.fetch(place.bad).stage()
    assert set(place.swarm.services) == {"web"}
    assert place.swarm.answered["web"].isdisjoint({place.bad.pinned})


def test_one_that_was_left_is_removed_by_the_next_run_whatever_it_says(
    place: OnTheFake, here: Environment
) -> None:
    deploy(place, place.old)
    staged(place, here)
    assert OWN in place.swarm.services
    without = place.environment()
    with place.reach(without) as deployer:
        assert list(deployer.foresee(place.new).lock())[1:] == [
            f"remove {OWN}, a candidate that never had traffic"
        ]
    with place.reach(without) as deployer, deployer.lock() as held:
        assert held.recover() == f"removed {OWN}, a candidate that never had traffic"
        assert held.recover() is None
    assert set(place.swarm.services) == {"web"}


def test_what_is_called_so_and_is_not_ours_stays(place: OnTheFake, here: Environment) -> None:
    place.swarm.create(service(OWN, "r.test/other:1"))
    with pytest.raises(ConfigurationError, match=f"service {OWN} that the gate has not made"):
        staged(place, here)
    assert OWN in place.swarm.services


def test_it_is_proved_to_be_the_one_that_was_staged(place: OnTheFake, here: Environment) -> None:
    with place.reach(here) as deployer, deployer.lock() as held:
        candidate = held.fetch(place.new).stage()
        assert isinstance(candidate, Answers)
        place.swarm.tasks[-1]["ID"] = "t-another"
        with pytest.raises(DeploymentFailed, match=f"{OWN} is not what was started"):
            candidate.prove()
        template = place.swarm.services[OWN]["Spec"]["TaskTemplate"]
        container = {**template["ContainerSpec"], "Image": place.old.pinned}
        place.swarm.update(OWN, TaskTemplate={**template, "ContainerSpec": container})
        with pytest.raises(NoVerdict, match=f"somebody else has updated {OWN}"):
            candidate.prove()


def test_what_answers_there_before_is_not_taken_for_it(place: OnTheFake, here: Environment) -> None:
    assert here.preview is not None
    with (
        socket.create_server((here.preview.host, here.preview.port)),
        pytest.raises(
            NoVerdict, match=r"something answers at the preview 127\.0\.0\.1:\d+ already"
        ),
    ):
        staged(place, here)
    assert set(place.swarm.services) == {"web"}
    with (
        socket.create_server((here.preview.host, here.preview.port)),
        place.reach(here) as deployer,
        pytest.raises(NoVerdict, match=r"stop it, or name another port with `preview`"),
    ):
        list(deployer.foresee(place.new).stage())


def test_what_this_machine_does_not_reach_proves_nothing(
    place: OnTheFake, here: Environment
) -> None:
    place.swarm.listens = False
    with pytest.raises(NoVerdict, match=f"{OWN} is ready, and nobody answers at the preview"):
        staged(place, here)
    assert set(place.swarm.services) == {"web"}


IMPOSSIBLE: dict[str, tuple[dict[str, Any], str]] = {
    "no port": ({}, "web publishes no port, so that"),
    "several ports": ({"EndpointSpec": {"Ports": PORTS}}, "web publishes 2 ports, so that nobody"),
}


@pytest.mark.parametrize("case", IMPOSSIBLE)
def test_which_port_it_answers_at_has_to_be_said(
    place: OnTheFake, preview: Address, case: str
) -> None:
    said, sentence = IMPOSSIBLE[case]
    place.swarm.update("web", **said)
    with pytest.raises(ConfigurationError, match=re.escape(sentence)):
        staged(place, place.environment(preview, port=None))


def test_the_only_port_that_is_published_is_its_own(place: OnTheFake, preview: Address) -> None:
    place.swarm.update("web", EndpointSpec={"Mode": "vip", "Ports": PORTS[:1]})
    staged(place, place.environment(preview, port=None))
    assert place.swarm.services[OWN]["Spec"]["EndpointSpec"]["Ports"][0]["TargetPort"] == 80


@pytest.mark.parametrize("mode", ["host", "ingress"])
def test_a_port_at_which_clients_find_what_is_live_is_none(
    place: OnTheFake, preview: Address, mode: str
) -> None:
    """It may be free on the preview's node, as long as no task of what is live is there."""
    port = {"TargetPort": 80, "PublishedPort": preview.port, "PublishMode": mode}
    place.swarm.listens = False
    place.swarm.update("web", EndpointSpec={"Mode": "dnsrr", "Ports": [port]})
    with pytest.raises(ConfigurationError, match=f"web publishes the port {preview.port} of the"):
        staged(place, place.environment(preview))


@pytest.mark.parametrize(
    ("said", "refused"),
    [
        ({"PublishMode": "ingress"}, True),
        ({}, True),
        ({"PublishMode": "host"}, False),  # of another node
        ({"PublishMode": "ingress", "Protocol": "udp"}, False),
    ],
)
def test_a_port_of_the_routing_mesh_is_one_of_all_nodes(
    place: OnTheFake, preview: Address, said: dict[str, str], refused: bool
) -> None:
    port = {"TargetPort": 80, "PublishedPort": preview.port, **said}
    other = service("other", "r.test/other:1")
    place.swarm.listens = False
    place.swarm.create({**other, "EndpointSpec": {"Mode": "vip", "Ports": [port]}})
    place.swarm.listens = True
    if refused:
        with pytest.raises(ConfigurationError, match=f"other publishes the port {preview.port} "):
            staged(place, place.environment(preview))
    else:
        staged(place, place.environment(preview))
    assert "other" in place.swarm.services


def test_two_that_write_to_one_volume_have_to_be_allowed(
    place: OnTheFake, preview: Address
) -> None:
    template = place.swarm.services["web"]["Spec"]["TaskTemplate"]
    container = {**template["ContainerSpec"], "Mounts": [VOLUME]}
    place.swarm.update("web", TaskTemplate={**template, "ContainerSpec": container})
    with pytest.raises(ConfigurationError, match=r'\(data\), .*services.shop.candidate = "on"'):
        staged(place, place.environment(preview))
    staged(place, place.environment(preview, candidate="on"))


def test_a_service_in_the_network_of_its_nodes_has_no_candidate(
    place: OnTheFake, preview: Address
) -> None:
    """It would listen where clients find what is live."""
    template = place.swarm.services["web"]["Spec"]["TaskTemplate"]
    place.swarm.update("web", TaskTemplate={**template, "Networks": [{"Target": "host"}]})
    with pytest.raises(ConfigurationError, match="web is in the network of its nodes"):
        staged(place, place.environment(preview))


@pytest.mark.parametrize(
    ("host", "sentence"),
    [
        ("10.1.2.3", "10.1.2.3 is no node of the Swarm, .*: name manager (10.9.9.1), worker (1"),
        ("nobody.invalid", "nobody.invalid is no node of the Swarm"),
    ],
)
def test_an_address_that_is_no_nodes(
    place: OnTheFake, preview: Address, host: str, sentence: str
) -> None:
    pattern = re.escape(sentence).replace(r"\.\*", ".*")
    with pytest.raises(ConfigurationError, match=pattern):
        staged(place, place.environment(Address(host, preview.port)))


@pytest.mark.parametrize("host", ["0.0.0.0", "10.9.9.1"])  # noqa: S104
def test_a_node_that_takes_no_tasks(place: OnTheFake, preview: Address, host: str) -> None:
    """As managers are drained often; it is said before anything is started."""
    place.swarm.nodes[0]["Spec"]["Availability"] = "drain"
    sentence = "staging.preview: the availability of the node manager is drain, and the candidate"
    with pytest.raises(ConfigurationError, match=re.escape(sentence)):
        staged(place, place.environment(Address(host, preview.port)))


def test_a_node_that_is_down(place: OnTheFake, preview: Address) -> None:
    place.swarm.nodes[1]["Status"]["State"] = "down"
    with pytest.raises(NoVerdict, match=r"staging\.preview: the node worker is down, and the cand"):
        staged(place, place.environment(Address("worker", preview.port)))


def test_a_machine_that_has_joined_again_is_two_nodes(place: OnTheFake, preview: Address) -> None:
    """The Swarm remembers the first one, of the same name and address."""
    again = copy.deepcopy(place.swarm.nodes[1])
    place.swarm.nodes[1]["Status"]["State"] = "down"
    place.swarm.nodes.append({**again, "ID": "n3"})
    for host in ("worker", "10.9.9.2"):
        address = Address(host, preview.port)
        with place.reach(place.environment(address)) as deployer:
            found = reached_at.node(cast("Any", deployer).manager, address, "staging")
        assert found.id == "n3"


def test_an_address_of_the_managers_machine_alone_is_for_who_is_there(preview: Address) -> None:
    manager = SimpleNamespace(host="manager.example", node="n1", nodes=dict)
    sentence = f'which is manager.example, reaches {preview} of it: write "0.0.0.0:{preview.port}"'
    with pytest.raises(ConfigurationError, match=re.escape(sentence)):
        reached_at.node(cast("Manager", manager), preview, "staging")


def test_another_swarms_candidates_stay(swarm: FakeSwarm, place: OnTheFake, here: Any) -> None:
    """Of another service, to be exact: its label says whose it is."""
    other = OnTheFake(swarm, "another")
    staged(place, here)
    with other.reach() as deployer, deployer.lock() as held:
        assert held.recover() is None
    assert OWN in swarm.services
