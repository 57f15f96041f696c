"""What is refused before anything is touched, and what others have done meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_storedog_gate.deploy import Build, RanJobs
from pytest_storedog_gate.deploy.kubernetes import journal
from pytest_storedog_gate.errors import (
    ConfigurationError,
    DeploymentFailed,
    GateError,
    NoVerdict,
    RollbackFailed,
)
from pytest_storedog_gate.pytest_side.conformance import Run, deploy
from tests.deploy.kubernetes.fake_cluster import deployment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.deploy.kubernetes.places import OnTheFake

CONDITION = {"type": "ReplicaFailure", "status": "True", "message": "exceeded quota: few"}
ANNOTATED: dict[str, tuple[Mapping[str, Any], type[GateError], str]] = {
    "paused": ({"spec": {"paused": True}}, NoVerdict, "rollout resume deployment/shop"),
    "scaled to 0": ({"spec": {"replicas": 0}}, NoVerdict, "scale deployment/shop --replicas=1"),
    "no room": ({"status": {"conditions": [CONDITION]}}, NoVerdict, "exceeded quota: few"),
    "Argo": (
        {"metadata": {"annotations": {"argocd.argoproj.io/tracking-id": "shop"}}},
        ConfigurationError,
        "Argo CD",
    ),
    "Flux": (
        {"metadata": {"labels": {"kustomize.toolkit.fluxcd.io/name": "shop"}}},
        ConfigurationError,
        "Flux",
    ),
    "an operator": (
        {
            "metadata": {
                "ownerReferences": [
                    {"kind": "Shop", "name": "s", "uid": "1", "controller": True, "apiVersion": "1"}
                ]
            }
        },
        ConfigurationError,
        "is made by Shop s",
    ),
    "another container": (
        {"spec": {"template": {"spec": {"containers": [{"name": "shop"}]}}}},
        ConfigurationError,
        "has no container web: it has shop",
    ),
}


@pytest.mark.parametrize("what", ANNOTATED)
def test_it_is_refused_and_not_touched(place: OnTheFake, what: str) -> None:
    change, kind, says = ANNOTATED[what]
    place.cluster.change("deployments", "shop", dict(change))
    if "status" in change:
        place.cluster.get("deployments", "shop")["status"] |= change["status"]
    before = place.cluster.get("deployments", "shop")["metadata"]["resourceVersion"]
    environment = place.environment()
    if what == "another container":
        object.__setattr__(environment.target, "containers", ("web",))
    with (
        place.reach(environment) as deployer,
        deployer.lock() as held,
        pytest.raises(kind, match=says),
    ):
        held.fetch(place.new).stage()
    assert place.cluster.get("deployments", "shop")["metadata"]["resourceVersion"] == before


ELSEWHERE: dict[str, tuple[Mapping[str, Any], str]] = {
    "other pods": ({"selector": {"app": "other"}}, "selects app=other, and not the pods of shop"),
    "no pods": ({"selector": {"app": None}}, "selects nothing, and not the pods of shop"),
    # Whatever it selects.
    "a name": (
        {"type": "ExternalName", "externalName": "shop.example.com"},
        "is an ExternalName, which leads to shop.example.com and not to the pods of shop",
    ),
}


@pytest.mark.parametrize("where", ELSEWHERE)
def test_a_service_that_leads_elsewhere_is_refused(place: OnTheFake, where: str) -> None:
    spec, says = ELSEWHERE[where]
    place.cluster.change("services", "shop", {"spec": dict(spec)})
    with (
        pytest.raises(ConfigurationError, match=f"Service shop {says}"),
        Run(place, place.new) as run,
    ):
        run.until("stage")


def by_hand(place: OnTheFake) -> None:
    """A slice that no selector has made."""
    place.cluster.apply(
        "endpointslices",
        {
            "metadata": {"name": "old-shop", "labels": {"kubernetes.io/service-name": "shop"}},
            "addressType": "IPv4",
            "endpoints": [{"addresses": ["10.9.9.9"]}],
        },
    )


def of_another(place: OnTheFake) -> None:
    place.cluster.apply("deployments", deployment("other", "r.test/other:1"))
    other = place.cluster.get("deployments", "other")
    other["spec"]["template"]["metadata"]["labels"] = {"app": "shop"}
    place.cluster.apply("deployments", other)


@pytest.mark.parametrize(("lead", "who"), [(by_hand, r"10\.9\.9\.9"), (of_another, r"other-\S+")])
def test_a_service_that_leads_to_others_as_well_is_refused(
    place: OnTheFake, lead: Callable[[OnTheFake], None], who: str
) -> None:
    """Else its rollout and the way back would both end in a timeout."""
    deploy(place, place.old)
    lead(place)
    before = place.cluster.get("deployments", "shop")["metadata"]["resourceVersion"]
    with (
        pytest.raises(ConfigurationError, match=f"shop leads to {who} as well, no pod of shop"),
        Run(place, place.new) as run,
    ):
        run.until("stage")
    assert place.cluster.get("deployments", "shop")["metadata"]["resourceVersion"] == before


def test_a_deployment_that_was_deleted_cannot_be_put_back(place: OnTheFake) -> None:
    deploy(place, place.old)
    with Run(place, place.new).until("promote") as run:
        place.take_away()
        with pytest.raises(
            RollbackFailed, match=r"(?s)could not be put back: there is no Deployment shop.*A perso"
        ):
            run.live.rollback()


TOLD: dict[str, tuple[Mapping[str, Any], str]] = {
    "Helm": ({"annotations": {"meta.helm.sh/release-name": "shop"}}, "Helm's release shop"),
    "Argo, by a label that Helm uses": (
        {"managedFields": [{"manager": "kubectl"}, {"manager": "argocd-controller"}]},
        "shop was applied by Argo CD: where it still is",
    ),
}


@pytest.mark.parametrize("what", TOLD)
def test_it_is_told_and_not_refused(place: OnTheFake, what: str) -> None:
    said, says = TOLD[what]
    place.cluster.change("deployments", "shop", {"metadata": dict(said)})
    deploy(place, place.new)
    assert any(says in line for line in place.said)


def test_a_crash_ends_early_in_the_words_of_an_engine(place: OnTheFake) -> None:
    deploy(place, place.old)
    with (
        pytest.raises(
            DeploymentFailed,
            match=r"shop is not ready: it restarts again and again, with exit code 3 \(pod shop-.*"
            r"it wrote last:\n    cannot start\nWhat was done: put .* back as shop",
        ),
        Run(place, place.bad) as run,
    ):
        run.until("promote")
    assert place.answer() == place.old.digest


def another(place: OnTheFake, image: str, **more: Any) -> None:
    containers = [{"name": "shop", "image": image, **more}]
    change = {"spec": {"template": {"spec": {"containers": containers}}}}
    place.cluster.change("deployments", "shop", change)


def test_somebody_elses_image_is_left_as_it_is(place: OnTheFake) -> None:
    deploy(place, place.old)
    theirs = f"r.test/shop@sha256:{9:064x}"
    with Run(place, place.new).until("promote") as run:
        another(place, theirs)
        with pytest.raises(NoVerdict, match=f"somebody else has changed .* runs {theirs} now"):
            run.live.prove()
        assert "was left as it is" in run.live.rollback()
    assert place.cluster.answering("shop") == {theirs}
    with Run(place, place.new).until("lock") as run:
        assert run.mended is None


def test_our_image_in_somebody_elses_template_needs_a_person(place: OnTheFake) -> None:
    deploy(place, place.old)
    with Run(place, place.new).until("promote") as run:
        another(place, place.new.pinned, env=[{"name": "A", "value": "1"}])
        with pytest.raises(RollbackFailed, match=r"(?s)not let through.*A person is needed"):
            run.live.rollback()


def test_what_changes_between_look_and_write_is_not_overwritten(place: OnTheFake) -> None:
    deploy(place, place.old)
    theirs = f"r.test/shop@sha256:{9:064x}"
    with place.reach() as deployer, deployer.lock() as held:
        staged = held.fetch(place.new).stage()
        another(place, theirs)
        with pytest.raises(NoVerdict, match="somebody else has changed the template of shop"):
            staged.promote()
        assert "nothing to put back" in held.put_back()
    assert place.cluster.answering("shop") == {theirs}


def test_a_change_of_scale_is_nobodys_deployment(place: OnTheFake) -> None:
    deploy(place, place.old)
    with Run(place, place.new).until("promote") as run:
        place.cluster.change("deployments", "shop", {"spec": {"replicas": 3}})
        run.live.prove()
        assert run.live.rollback()
    assert place.cluster.get("deployments", "shop")["spec"]["replicas"] == 3
    assert place.answer() == place.old.digest


def test_a_status_that_changes_meanwhile_is_no_conflict(place: OnTheFake) -> None:
    deploy(place, place.old)
    left = [3]

    def answers(method: str, plural: str, name: str) -> None:
        if (method, plural) == ("PATCH", "deployments") and left[0]:
            left[0] -= 1
            found = place.cluster.get(plural, name)
            found["metadata"]["resourceVersion"] = f"{found['metadata']['resourceVersion']}0"

    place.cluster.answers = answers
    deploy(place, place.new)
    assert left == [0]


def test_an_older_build_is_refused(place: OnTheFake) -> None:
    for build, image in ((Build("a" * 40), place.old), (Build("b" * 40), place.new)):
        with place.reach(build=build) as deployer, deployer.lock() as held:
            live = held.fetch(image).stage().promote()
            live.conclude()
    older = Build("a" * 40, may_go_back=False)
    with (
        place.reach(build=older) as deployer,
        deployer.lock() as held,
        pytest.raises(DeploymentFailed, match=r"shop runs commit b{12}, and a{12} is older"),
    ):
        held.fetch(place.old).stage()


def test_a_journal_that_nobody_can_read_is_no_verdict(place: OnTheFake) -> None:
    said = {"metadata": {"annotations": {journal.ANNOTATION: "{"}}}
    place.cluster.change("deployments", "shop", said)
    with (
        pytest.raises(NoVerdict, match="is no journal that can be read"),
        Run(place, place.new) as run,
    ):
        run.until("stage")


def test_it_tells_of_no_jobs(place: OnTheFake) -> None:
    with place.reach() as deployer, deployer.lock() as held:
        assert not isinstance(held.fetch(place.new).stage(), RanJobs)
