"""The journal of a service: whatever was said of it is there again, and others' changes stay."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest

from pytest_storedog_gate.deploy.swarm.journal import Journal
from pytest_storedog_gate.deploy.swarm.models import Service
from pytest_storedog_gate.deploy.swarm.names import JOURNAL

TEMPLATE = {"ContainerSpec": {"Image": "shop:1", "Env": ["A=1"]}, "ForceUpdate": 0}
NEW = {"ContainerSpec": {"Image": "shop:2", "Env": ["A=1"]}, "ForceUpdate": 0}
SPECS: dict[str, dict[str, Any]] = {
    "nothing said": {"Name": "shop", "TaskTemplate": TEMPLATE, "Labels": {}},
    "all said": {
        "Name": "shop",
        "TaskTemplate": TEMPLATE,
        "Labels": {"com.docker.stack.namespace": "shop", "storedog.gate.digest": "before"},
        "UpdateConfig": {"Parallelism": 2, "Order": "stop-first", "FailureAction": "rollback"},
        "RollbackConfig": {"Parallelism": 1},
        "Mode": {"Replicated": {"Replicas": 3}},
    },
}
SAID = {"storedog.gate.digest": "after"}


@pytest.fixture(params=SPECS)
def service(request: pytest.FixtureRequest) -> Service:
    return Service("s", "shop", 1, copy.deepcopy(SPECS[request.param]))


def _then(service: Service, spec: Any) -> Service:
    return replace(service, spec=spec, version=service.version + 1)


def _opened(service: Service) -> tuple[Service, Journal]:
    after = _then(service, Journal.begun(service).opened(service, NEW, SAID))
    found = Journal.of(after)
    assert found is not None
    return after, found


def test_what_is_refused_leaves_nothing(service: Service) -> None:
    opened, found = _opened(service)
    assert not found.restores
    restoring = _then(opened, found.restoring(opened))
    again = Journal.of(restoring)
    assert again is not None
    assert again.restores
    assert restoring.template == TEMPLATE
    assert again.restored(restoring) == service.spec


def test_what_is_concluded_has_the_image_alone(service: Service) -> None:
    opened, found = _opened(service)
    labels = {**service.labels, **SAID}
    assert found.concluded(opened) == {**service.spec, "TaskTemplate": NEW, "Labels": labels}


def test_what_others_scale_meanwhile_stays(service: Service) -> None:
    opened, _ = _opened(service)
    mode = {"Replicated": {"Replicas": 9}}
    scaled = _then(opened, {**opened.spec, "Mode": mode})
    found = Journal.of(scaled)
    assert found is not None
    assert found.restored(scaled) == {**service.spec, "Mode": mode}


def test_what_others_update_ends_it(service: Service) -> None:
    """The next deployment gives the service what its owner had said of updates."""
    opened, _ = _opened(service)
    theirs = {**TEMPLATE, "ForceUpdate": 1}
    updated = _then(opened, {**opened.spec, "TaskTemplate": theirs})
    assert Journal.of(updated) is None
    begun = Journal.begun(updated)
    assert begun.before["TaskTemplate"] == theirs
    assert begun.before["UpdateConfig"] == service.spec.get("UpdateConfig")
    assert JOURNAL not in begun.before["Labels"]


CHANGED: dict[str, dict[str, Any]] = {
    "nothing": {},
    "how slowly": {"Delay": 5},
    "the gate's own": {"FailureAction": "continue"},
    "all": {
        "Parallelism": 4,
        "Delay": 5,
        "Monitor": 6,
        "FailureAction": "rollback",
        "Order": "stop-first",
    },
}


@pytest.mark.parametrize("case", CHANGED)
@pytest.mark.parametrize("after", ["restored", "concluded", "another"])
def test_what_others_say_meanwhile_of_updates_and_in_labels_stays(
    service: Service, case: str, after: str
) -> None:
    """Of an open deployment, and of one that they have ended by an update."""
    found = Journal.begun(service)
    opened = _then(service, found.opened(service, NEW, SAID))
    theirs: dict[str, Any] = {"UpdateConfig": {**opened.spec["UpdateConfig"], **CHANGED[case]}}
    theirs["Labels"] = {**opened.labels, "team": "shop"}
    if after == "another":
        changed = _then(
            opened, {**opened.spec, **theirs, "TaskTemplate": {**NEW, "ForceUpdate": 9}}
        )
        then = Journal.begun(changed).concluded(changed)
    else:
        changed = _then(opened, {**opened.spec, **theirs})
        journal = Journal.of(changed)
        assert journal is not None
        then = getattr(journal, after)(changed)
    said = {**(service.spec.get("UpdateConfig") or {}), **CHANGED[case]}
    assert then.get("UpdateConfig", {}) == {key: value for key, value in said.items() if value}
    assert then["Labels"]["team"] == "shop"
    assert JOURNAL not in then["Labels"]


@pytest.mark.parametrize("state", ["rollback_started", "rollback_completed", "rollback_paused"])
def test_who_rolls_back_opens_no_deployment_that_had_ended(service: Service, state: str) -> None:
    """The Swarm puts the labels of before back as well."""
    opened, _ = _opened(service)
    rolled_back = replace(opened, update=state)
    assert Journal.of(rolled_back) is None
    begun = Journal.begun(rolled_back)
    assert begun.before["TaskTemplate"] == NEW
    assert begun.before["UpdateConfig"] == service.spec.get("UpdateConfig")


def test_what_could_not_be_put_back_gives_way_and_is_not_what_to_go_back_to(
    service: Service,
) -> None:
    opened, found = _opened(service)
    assert Journal.begun(opened).before == found.before


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"before": {}, "template": ""}', "null"])
def test_a_label_that_is_no_journal_says_nothing(service: Service, text: str) -> None:
    spec = {**service.spec, "Labels": {JOURNAL: text}}
    assert Journal.of(_then(service, spec)) is None
    assert Journal.begun(_then(service, spec)).before["TaskTemplate"] == TEMPLATE
