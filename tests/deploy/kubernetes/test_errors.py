"""The cluster's words, and what they mean to the gate."""

from __future__ import annotations

import json
import re
from itertools import cycle
from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.deploy.environment import Address
from pytest_storedog_gate.deploy.kubernetes.api import silence
from pytest_storedog_gate.errors import ConfigurationError, DeploymentFailed, GateError, NoVerdict
from pytest_storedog_gate.pytest_side.conformance import Run, deploy
from tests.deploy.kubernetes.fake_cluster import deployment
from tests.deploy.kubernetes.odd_calls import odd_at
from tests.deploy.roads import road

if TYPE_CHECKING:
    from pathlib import Path

    from tests.deploy.kubernetes.places import OnTheFake

RIGHT = (
    'deployments.apps "shop" is forbidden: User "me" cannot {} resource "{}" in API group "apps" '
    'in the namespace "n"'
)
ANSWERS: dict[str, tuple[str, str, int, str, type[GateError], str]] = {
    "get": (
        "GET",
        "deployments",
        403,
        RIGHT.format("get", "deployments"),
        NoVerdict,
        "give it the verb get on deployments",
    ),
    "list": (
        "GET",
        "pods",
        403,
        RIGHT.format("list", "pods"),
        NoVerdict,
        "the verb list on pods; .* the Role",
    ),
    "a policy": (
        "PATCH",
        "deployments",
        403,
        'admission webhook "w" denied the request: hunter2-secret',
        DeploymentFailed,
        r"refused to patch deployments shop: admission webhook \"w\" denied .*\*\*\*\*",
    ),
    "a request that is none": (
        "PATCH",
        "deployments",
        422,
        "is invalid",
        DeploymentFailed,
        "is invalid",
    ),
    "a login": ("GET", "deployments", 401, "Unauthorized", NoVerdict, "does not know this login"),
    "trouble": (
        "GET",
        "deployments",
        500,
        "etcd",
        NoVerdict,
        "answers 500 to get deployments shop",
    ),
    "a look that is refused": (
        "GET",
        "pods",
        400,
        "bad",
        NoVerdict,
        "answers 400 to list pods",
    ),
    "a list that is too old": ("GET", "pods", 410, "Gone", NoVerdict, "answers 410 to list pods"),
    "a proxy's patience": (
        "PATCH",
        "deployments",
        408,
        "Request Timeout",
        NoVerdict,
        "answers 408 to patch deployments shop",
    ),
    "a namespace that is gone": (
        "POST",
        "leases",
        404,
        'namespaces "n" not found',
        DeploymentFailed,
        'refused to create leases .*: namespaces "n" not found',
    ),
    "too much": ("GET", "pods", 429, "slow down", NoVerdict, "answers 429 to list pods"),
}


@pytest.fixture
def given_up_soon(place: OnTheFake, monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not answer is not waited for; the place has a patience of its own before."""
    monkeypatch.setattr(silence, "PATIENCE", 0.1)


@pytest.mark.usefixtures("given_up_soon")
@pytest.mark.parametrize("what", ANSWERS)
def test_an_answer_has_its_meaning(place: OnTheFake, what: str) -> None:
    method, plural, code, text, kind, says = ANSWERS[what]

    def answers(asked: str, of: str, _name: str) -> tuple[int, str] | None:
        return (code, text) if (asked, of) == (method, plural) else None

    place.cluster.answers = answers
    with pytest.raises(GateError) as caught, Run(place, place.new) as run:
        run.until("promote")
    error = caught.value.__cause__ if "person" in str(caught.value) else caught.value
    assert isinstance(error, kind)
    assert re.search(says, str(error))
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("code", "text"),
    [(401, "Unauthorized"), (403, RIGHT.format("list", "pods")), (429, "slow down")],
)
def test_a_right_that_was_there_is_waited_for(place: OnTheFake, code: int, text: str) -> None:
    """An API server that is started anew answers before it knows logins and roles."""
    deploy(place, place.old)
    with Run(place, place.new).until("promote") as run:
        left = 5

        def answers(*_: str) -> tuple[int, str] | None:
            nonlocal left
            left -= 1
            return (code, text) if left >= 0 else None

        place.cluster.answers = answers
        run.live.prove()
        left = 5
        run.live.conclude()
    assert place.answer() == place.new.digest


OTHER = {"name": "other", "resourceVersion": "1"}
NO_ANSWERS = (
    "<html>log in</html>",
    "",
    "7",
    "null",
    "[]",
    "{}",
    '{"metadata": {"name": "shop", "resou',
    '{"spec": "hunter2-secret"}',
    '{"kind": "Status", "metadata": {}, "status": "Success"}',
    json.dumps({**deployment("shop", "r.test/shop:1"), "kind": "Deployment"}),
    json.dumps({**deployment("other", "r.test/shop:1"), "metadata": OTHER}),
    '{"items": [{}]}',
)
KINDS = ("deployments", "services", "replicasets", "pods", "endpointslices", "leases")


@pytest.mark.usefixtures("given_up_soon")
@pytest.mark.parametrize(
    ("text", "plural"),
    [(text, KINDS[(n + more) % 6]) for n, text in enumerate(NO_ANSWERS) for more in (0, 3)],
)
def test_an_answer_that_is_none_of_the_api_is_no_verdict(
    place: OnTheFake, plural: str, text: str
) -> None:
    """Where the candidate cannot be put back for it, a person is needed, and is told why."""
    place.cluster.answers = lambda _method, of, _name: (200, text) if of == plural else None
    with pytest.raises(GateError) as caught, Run(place, place.new) as run:
        run.until("promote")
    error = caught.value.__cause__ if "person" in str(caught.value) else caught.value
    assert isinstance(error, NoVerdict)
    assert re.search(rf"answers to \w+ {plural}.* with something else", str(error))
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("done", [True, False])
def test_one_that_comes_once_stops_no_run_at_any_call(place: OnTheFake, done: bool) -> None:
    """But for those that make something: these are not made twice."""
    environment = place.environment(Address("shop-preview.n", 80))
    deploy(place, place.old)
    with odd_at(place, 0) as calls:
        road(place, "deploy", environment)()
    stopped = 0
    for number, text in zip(calls.each(), cycle(NO_ANSWERS), strict=False):
        deploy(place, place.old)
        with odd_at(place, number, done=done, says=text):
            try:
                road(place, "deploy", environment)()
            except NoVerdict as error:
                assert re.search(r"to create .* with something else", str(error))  # noqa: PT017
                assert place.answer() == place.old.digest
                stopped += 1
            else:
                assert place.answer() == place.new.digest
        left = {name for kind, name in place.cluster.things if kind == "deployments"}
        assert left == {"shop"}
    assert stopped == 2  # the candidate and its Service


def test_a_cluster_that_does_not_answer_is_no_verdict(place: OnTheFake) -> None:
    environment = place.environment()
    place.cluster.__exit__()
    with (
        place.reach(environment) as deployer,
        pytest.raises(NoVerdict, match="does not answer to get deployments shop"),
        deployer.lock(),
    ):
        pass
    place.cluster.__enter__()


KUBECONFIGS = {
    "absent": (None, "kubeconfig does not say how the cluster is reached"),
    "no YAML": ("{", "is no kubeconfig that can be used"),
    "no kubeconfig": ("[1, 2]", "is no kubeconfig that can be used"),
    "no context": (
        '{"clusters": [], "contexts": []}',
        "does not say how the cluster is reached",
    ),
}


@pytest.mark.parametrize("what", KUBECONFIGS)
def test_a_kubeconfig_that_is_none(place: OnTheFake, tmp_path: Path, what: str) -> None:
    text, says = KUBECONFIGS[what]
    environment = place.environment()
    path = tmp_path / "kubeconfig"
    if text is None:
        path.unlink()
    else:
        path.write_text(text)
    with pytest.raises(ConfigurationError, match=says), place.reach(environment):
        pass


def test_nothing_says_where_the_cluster_is(
    place: OnTheFake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = place.environment()
    object.__setattr__(environment.target, "kubeconfig", None)
    monkeypatch.setenv("HOME", str(tmp_path / "nowhere"))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    with pytest.raises(ConfigurationError, match="nothing says how"), place.reach(environment):
        pass
    monkeypatch.setenv("KUBECONFIG", "a:b")
    with pytest.raises(ConfigurationError, match="several files"), place.reach(environment):
        pass
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    with place.reach(environment) as deployer:
        assert deployer.resolve(place.new) == place.new
