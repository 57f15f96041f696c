"""The candidate that stands for checks before traffic."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.deploy import Answers
from pytest_storedog_gate.deploy.environment import Address
from pytest_storedog_gate.deploy.kubernetes.preview import LABEL, require_free
from pytest_storedog_gate.deploy.kubernetes.target import Target
from pytest_storedog_gate.errors import ConfigurationError, DeploymentFailed, NoVerdict
from pytest_storedog_gate.pytest_side.conformance import deploy
from tests.deploy.kubernetes.fake_cluster import deployment

if TYPE_CHECKING:
    from tests.deploy.kubernetes.places import OnTheFake

BY_NAME = Address("shop-preview.n", 80)


def standing(place: OnTheFake) -> set[str]:
    found = {name for plural, name in place.cluster.things if plural in ("deployments", "services")}
    return found - {"shop"}


def test_it_stands_without_traffic_and_goes_when_it_gets_it(place: OnTheFake) -> None:
    deploy(place, place.old)
    with place.reach(place.environment(BY_NAME)) as deployer, deployer.lock() as held:
        staged = held.fetch(place.new).stage()
        assert isinstance(staged, Answers)
        assert staged.address == "shop-preview.n:80"
        staged.prove()
        assert place.answer() == place.old.digest
        assert place.cluster.answering("shop-preview") == {place.new.pinned}
        made = place.cluster.get("deployments", "shop-preview")
        assert made["spec"]["template"]["metadata"]["labels"] == {LABEL: "shop"}
        live = staged.promote()
        assert standing(place) == set()
        live.prove()
        live.conclude()
    assert place.answer() == place.new.digest


def test_a_bad_one_gets_no_traffic_and_goes(place: OnTheFake) -> None:
    deploy(place, place.old)
    with (
        place.reach(place.environment(BY_NAME)) as deployer,
        deployer.lock() as held,
        pytest.raises(
            DeploymentFailed, match=r"(?s)shop-preview is not ready.*Nothing changed: shop was not"
        ),
    ):
        held.fetch(place.bad).stage()
    assert standing(place) == set()
    assert place.answer() == place.old.digest


def test_one_that_was_left_is_removed_by_the_next_run(place: OnTheFake) -> None:
    deploy(place, place.old)
    environment = place.environment(BY_NAME)
    with place.reach(environment) as deployer, deployer.lock() as held:
        held.fetch(place.new).stage()
    assert standing(place) == {"shop-preview"}
    with place.reach(environment) as deployer:
        assert list(deployer.foresee(place.new).lock())[1:] == [
            "remove shop-preview, a candidate that never had traffic"
        ]
    with place.reach(environment) as deployer, deployer.lock() as held:
        assert held.recover() == "removed shop-preview, a candidate that never had traffic"
    assert standing(place) == set()


def test_one_of_another_run_stays_when_a_run_that_slept_takes_its_own_away(
    place: OnTheFake,
) -> None:
    """It slept right before the call that deletes: whatever it looked at was before."""
    deploy(place, place.old)
    with place.reach(place.environment(BY_NAME)) as deployer, deployer.lock() as held:
        staged = held.fetch(place.new).stage()

        def answers(method: str, plural: str, name: str) -> None:
            if method == "DELETE":
                theirs = place.cluster.things.pop((plural, name))
                place.cluster.apply(plural, theirs)

        place.cluster.answers = answers
        staged.promote()
    assert standing(place) == {"shop-preview"}


def test_what_is_called_so_and_is_not_ours_stays(place: OnTheFake) -> None:
    place.cluster.apply("deployments", deployment("shop-preview", "r.test/other:1"))
    with (
        place.reach(place.environment(BY_NAME)) as deployer,
        deployer.lock() as held,
        pytest.raises(ConfigurationError, match="shop-preview that the gate has not made"),
    ):
        held.fetch(place.new).stage()
    assert standing(place) == {"shop-preview"}


def test_it_is_proved_to_be_the_one_that_was_staged(place: OnTheFake) -> None:
    with place.reach(place.environment(BY_NAME)) as deployer, deployer.lock() as held:
        staged = held.fetch(place.new).stage()
        assert isinstance(staged, Answers)
        containers = [{"name": "shop", "image": place.old.pinned}]
        change = {"spec": {"template": {"spec": {"containers": containers}}}}
        place.cluster.change("deployments", "shop-preview", change)
        with pytest.raises(NoVerdict, match="has changed the template of shop-preview"):
            staged.prove()


def test_a_port_that_its_service_has_not(place: OnTheFake) -> None:
    environment = place.environment(Address("shop-preview.n", 81))
    with (
        place.reach(environment) as deployer,
        deployer.lock() as held,
        pytest.raises(
            ConfigurationError, match=r"shop-preview.n:81 has no port of the Service sho"
        ),
    ):
        held.fetch(place.new).stage()
    assert standing(place) == set()


@pytest.mark.parametrize(("deployed", "led_by"), [("d" * 64, "shop"), ("shop", "s" * 56)])
def test_a_name_that_leaves_no_room_for_a_candidates_is_refused_before_anything_is_asked(
    place: OnTheFake, deployed: str, led_by: str
) -> None:
    """A cluster would refuse the Service when the Deployment stands already."""
    with (
        place.reach() as deployer,
        pytest.raises(ConfigurationError, match=r"takes 63 characters for each: shorten the name"),
    ):
        require_free(deployer.site.cluster, Target(deployed, led_by))  # type: ignore[attr-defined]
    assert place.cluster.calls == []
