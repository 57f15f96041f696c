"""What a service and its tasks are held to, moment by moment: each row is one that was seen."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_storedog_gate.deploy.swarm import journal
from pytest_storedog_gate.deploy.swarm.models import Node, Service, Task
from pytest_storedog_gate.deploy.swarm.rollout import Aim, Look

NEW, OLD = ({"ContainerSpec": {"Image": f"shop:1@sha256:{digit * 64}"}} for digit in "12")
NODES = {
    "n1": Node("n1", "here"),
    "n2": Node("n2", "away", ready=False, down=True),
    "n3": Node("n3", "unheard", ready=False),  # as each is to managers with a new leader
}
WHY = "no suitable node (scheduling constraints not satisfied on 3 nodes)"
READY = ("running", "running", NEW, "n1")

# State, desired state, what it is made of, its node and error, of each task; and what is missing.
LOOKS: dict[str, tuple[list[tuple[Any, ...]], str | None]] = {
    "all": ([READY, READY], None),
    "one of before has ended": ([READY, READY, ("shutdown", "shutdown", OLD, "n1")], None),
    "one of before never started": ([READY, READY, ("ready", "shutdown", OLD, "n1")], None),
    "one of before is stopping": (
        [READY, READY, ("running", "shutdown", OLD, "n1")],
        "the task 2 on here is running still, with shop:1@222222222222",
    ),
    "one of before is about to start": (
        [READY, READY, ("ready", "ready", OLD, "n1")],
        "the task 2 on here is ready still, with shop:1@222222222222",
    ),
    "one is starting": ([READY, ("starting", "running", NEW, "n1")], "1 of 2 tasks run it"),
    "one is stopping": ([READY, ("running", "shutdown", NEW, "n1")], "1 of 2 tasks run it"),
    "one is on a lost node": ([READY, ("running", "running", NEW, "n2")], "1 of 2 tasks run it"),
    "one is on a node unheard of": (
        [READY, ("running", "running", NEW, "n3")],
        "1 of 2 tasks run it",
    ),
    "one of before is on a node unheard of": (
        [READY, READY, ("running", "shutdown", OLD, "n3")],
        "the task 2 on unheard is running still, with shop:1@222222222222",
    ),
    "no node takes one": (
        [READY, ("pending", "running", NEW, "", WHY)],
        f"1 of 2 tasks run it: {WHY}",
    ),
    "nothing": ([], "0 of 2 tasks run it"),
    "one too many": ([READY, READY, READY], "3 of 2 tasks run it"),
}


@pytest.mark.parametrize("case", LOOKS)
def test_what_is_missing(case: str) -> None:
    tasks, missing = LOOKS[case]
    assert _look(tasks).missing == missing


def test_no_task_at_all_is_nothing_to_prove() -> None:
    assert _look([], wanted=0).missing == "0 of 0 tasks run it"


@pytest.mark.parametrize("state", ["updating", "rollback_started"])
def test_the_swarm_has_to_be_through_with_it(state: str) -> None:
    assert _look([READY, READY], update=state).missing == f"the Swarm says {state}"


@pytest.mark.parametrize("state", ["failed", "rejected", "complete"])
def test_a_task_that_ended_by_itself_is_found_once(state: str) -> None:
    tasks = [READY, READY, (state, "shutdown", NEW, "n1")]
    assert _look(tasks).failed is not None
    assert _look(tasks, forgiven=frozenset("2")).failed is None
    assert _look([READY, READY, (state, "shutdown", OLD, "n1")]).failed is None


def test_what_ran_on_a_lost_node_is_told_unless_it_is_left_unheard() -> None:
    tasks = [READY, READY, ("running", "shutdown", OLD, "n2")]
    assert _look(tasks).lost is not None
    assert _look(tasks, unheard=True).lost is None
    assert _look(tasks, unheard=True).missing is None


def test_a_node_that_may_be_heard_of_in_a_moment_is_not_lost() -> None:
    tasks = [READY, READY, ("running", "shutdown", OLD, "n3")]
    assert _look(tasks).lost is None
    assert _look(tasks, unheard=True).missing is not None


@pytest.mark.parametrize(
    ("said", "node"),
    [
        (
            {"Status": {"State": "ready"}, "Description": {"Hostname": "here"}},
            ("here", True, False),
        ),
        ({"Status": {"State": "down"}, "Description": {"Hostname": "here"}}, ("here", False, True)),
        ({"Status": {"State": "unknown"}, "Description": {}}, ("n1", False, False)),
        ({"Status": {}}, ("n1", False, False)),
    ],
)
def test_a_node_may_have_said_nothing_yet(
    said: dict[str, Any], node: tuple[str, bool, bool]
) -> None:
    found = Node.from_inspection({"ID": "n1", **said})
    assert (found.name, found.ready, found.down) == node


SAID: dict[str, tuple[dict[str, Any], str]] = {
    "nothing": ({}, "start-first"),
    "a port of the Swarm's": ({"ports": [{"PublishMode": "ingress"}]}, "start-first"),
    "a port of each node": ({"ports": [{"PublishMode": "host"}]}, "stop-first"),
    "a volume": ({"mounts": [{"Type": "volume"}]}, "stop-first"),
    "a folder to read": ({"mounts": [{"Type": "bind", "ReadOnly": True}]}, "start-first"),
    "memory": ({"mounts": [{"Type": "tmpfs"}]}, "start-first"),
    "so many on a node": ({"placement": {"MaxReplicas": 1}}, "stop-first"),
    "nodes": ({"placement": {"Constraints": ["node.role == worker"]}}, "start-first"),
}


@pytest.mark.parametrize("case", SAID)
def test_two_tasks_share_nothing(case: str) -> None:
    said, order = SAID[case]
    container = {"Image": "shop:1", "Mounts": said.get("mounts")}
    template = {"ContainerSpec": container, "Placement": said.get("placement")}
    spec = {"TaskTemplate": template, "EndpointSpec": {"Ports": said.get("ports")}}
    assert journal.order(Service("s", "shop", 1, spec)) == order


def _look(
    tasks: list[tuple[Any, ...]],
    *,
    wanted: int = 2,
    update: str = "completed",
    **aim: Any,
) -> Look:
    spec = {"TaskTemplate": NEW, "Mode": {"Replicated": {"Replicas": wanted}}}
    found = [
        Task(str(n), node, state, desired, made_of, *error)
        for n, (state, desired, made_of, node, *error) in enumerate(tasks)
    ]
    return Look(Aim("shop", NEW, **aim), Service("s", "shop", 1, spec, update), found, NODES)
