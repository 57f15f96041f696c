"""What is remembered of an environment, and how a version of it comes back, on the fake engine."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.deploy import Build, Entry, History, ImageReference
from pytest_storedog_gate.deploy.docker import names
from pytest_storedog_gate.deploy.environment import Service
from pytest_storedog_gate.deploy.history import NOT_RECORDED, kept
from pytest_storedog_gate.errors import ConfigurationError, NoVerdict
from tests.deploy.by_hand import clear
from tests.deploy.conftest import LIVE, promoted, reached, recover, staging
from tests.deploy.fake_machine import digest_of
from tests.deploy.killing import killed, whole_release
from tests.deploy.ways import each_way

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_storedog_gate.deploy.environment import Environment
    from tests.deploy.fake_machine import Machine

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
VOLUME = f"{LIVE}.history."


def entry(machine: Machine, image: ImageReference, **facts: object) -> Entry:
    """What a run says of an image at its end; it is the machine's latest one."""
    live = machine.box(LIVE)
    deploy_id = live.spec.labels[names.DEPLOY_ID] if live else None
    said = Entry(image, NOON, "open", deploy_id, "c0ffee", "42", by="ada", downtime=0.25)
    return replace(said, **facts)  # type: ignore[arg-type]


def run(
    machine: Machine,
    environment: Environment,
    release: str | None = None,
    *,
    to: str = "",
    arm: Callable[[], None] = lambda: None,
    build: Build = Build("c0ffee", "42"),  # noqa: B008
) -> None:
    """A whole run that deploys a release, or goes back to the version that begins so."""
    with reached(machine, environment, build) as deployer:
        arm()
        with deployer.lock() as held:
            held.recover()
            if release is None:
                history = deployer.history()
                version = history.named(to) if to else history.before_live()
                image, fetched = version.image, held.go_back(version)
            else:
                image = deployer.resolve(machine.push(release))
                fetched = held.fetch(image)
            live = fetched.stage().promote()
            live.prove()
            live.conclude()
            origin = Build(build.commit, release) if release else build
            held.remember(
                entry(machine, image, build=origin.number, rollback=None if release else "back")
            )


def history(machine: Machine, environment: Environment) -> History:
    with reached(machine, environment) as deployer:
        return deployer.history()


def releases(found: History) -> list[str | None]:
    return [each.image.tag for each in found.entries]


def of(*said: str) -> History:
    """Releases newest first: `*` is live, `-` was not let through, `<` was gone back to."""
    entries = [
        Entry(
            ImageReference("r.example/shop", text.strip("*-<"), digest_of(text.strip("*-<"))),
            NOON - timedelta(hours=hours),
            "closed" if "-" in text else "open",
            rollback="asked for" if "<" in text else None,
        )
        for hours, text in enumerate(said)
    ]
    live = [each for each, text in zip(entries, said, strict=True) if "*" in text]
    return History(tuple(entries), live[0] if live else None)


@pytest.mark.parametrize(
    ("said", "before"),
    [
        (("3*", "2", "1"), "2"),
        (("3-", "2*", "1"), "1"),
        (("3*", "2-", "1"), "1"),
        (("2*<", "3", "2", "1"), "1"),  # not forth again to what was gone back from
        (("1*<", "2<", "3", "2", "1"), None),
        (("2*", "2", "1"), "1"),
        (("1*", "2", "1"), "2"),
        (("3", "2"), "3"),  # nothing is live
        (("1*",), None),
        (("2-", "1*"), None),
        (("2-*", "3", "2", "1"), "3"),  # what was kept this time was let through long before
        (("2-*<", "3", "2", "1"), "1"),
        ((), None),
    ],
)
def test_the_version_before(said: tuple[str, ...], before: str | None) -> None:
    if before is not None:
        assert of(*said).before_live().image.tag == before
        return
    with pytest.raises(ConfigurationError, match="there is nothing to go back to"):
        of(*said).before_live()


def test_a_version_is_named_by_the_beginning_of_its_digest() -> None:
    found = of("33*", "32", "31-", "21")
    assert found.named("3231").image.tag == found.named("sha256:3231").image.tag == "21"
    assert found.named(digest_of("32")).image.tag == "32"
    for named, said in {
        "333": "this is no beginning of a digest; write at least four",
        "zzzz": "this is no beginning of a digest",
        "3333": "is live already",
        "3331": "was never let through here, its verdict was closed: the history has 333333333333",
        "9999": "9999 is unknown: the history has 333333333333, 333233323332, 323132313231 to",
    }.items():
        with pytest.raises(ConfigurationError, match=said):
            found.named(named)
    twins = tuple(
        Entry(ImageReference("r.example/shop", None, f"sha256:{'ab' * 4}{end * 56}"), NOON, "open")
        for end in "01"
    )
    with pytest.raises(ConfigurationError, match="abababab begins several digests, sha256:abab"):
        History(twins).named("abababab")


@each_way
def test_it_is_told_what_was_deployed_and_a_version_comes_back(
    machine: Machine, environment: Environment
) -> None:
    assert history(machine, environment) == History()
    for release in ("1", "2", "3"):
        run(machine, environment, release)
    found = history(machine, environment)
    assert releases(found) == ["3", "2", "1"]
    assert found.live == found.entries[0]
    assert found.running
    assert found.entries[0] == entry(machine, machine.push("3"), build="3")
    run(machine, environment)
    assert whole_release(machine) == "2"
    run(machine, environment)
    assert whole_release(machine) == "1"
    run(machine, environment, to="3333")
    assert whole_release(machine) == "3"
    assert releases(history(machine, environment)) == ["3", "1", "2", "3", "2", "1"]
    clear(machine)
    assert releases(history(machine, environment)) == ["3", "1", "2", "3", "2", "1"]
    assert [name for name in machine.made_volumes if name.startswith(VOLUME)] == [f"{VOLUME}6"]


def test_what_comes_back_is_what_it_was(machine: Machine) -> None:
    """Commit and build are the version's, not those of who went back; an old commit may come."""
    environment = staging()
    for number, release in enumerate("12"):
        run(machine, environment, release, build=Build(f"{number}" * 40, may_go_back=False))
    with reached(machine, environment) as deployer, deployer.lock() as held:
        old = replace(deployer.history().before_live(), commit="0" * 40, build="7")
        deployment = held.go_back(old).stage().promote().deployment
    live = machine.box(LIVE)
    assert live is not None
    assert (live.spec.labels[names.COMMIT], live.spec.labels[names.BUILD]) == ("0" * 40, "7")
    assert deployment.took_back == f"{LIVE} ran commit {'1' * 12}, and {'0' * 12} is older"


def test_what_the_engine_has_needs_no_registry(machine: Machine) -> None:
    for release in ("1", "2"):
        run(machine, staging(), release)
    machine.registry_says = "connection refused"
    run(machine, staging())
    assert whole_release(machine) == "1"


def test_an_image_that_is_gone_comes_from_the_registry(machine: Machine) -> None:
    for release in ("1", "2"):
        run(machine, staging(), release)
    machine.pulled.discard(machine.push("1").pinned)
    run(machine, staging())
    assert whole_release(machine) == "1"


@each_way
@pytest.mark.parametrize("back", [False, True], ids=["deploys", "goes back"])
def test_killed_at_any_call(machine: Machine, environment: Environment, back: bool) -> None:
    """What is told to be live is what answers, and only what was concluded was let through."""
    for release in ("1", "2"):
        run(machine, environment, release)
    wanted = "1" if back else "3"
    told = []
    for left in killed(
        machine, lambda m, arm: run(m, environment, None if back else wanted, arm=arm)
    ):
        found = history(left, environment)
        if found.live is not None and not found.unfinished:
            assert found.live.image.tag in (None, left.answer(LIVE))
            assert found.live.image.digest == digest_of(str(left.answer(LIVE)))
        told.append(len(found.entries))
        if told[-1] == 3:
            assert found.entries[0].image.digest == digest_of(wanted)
            assert not found.unfinished
        recover(left, environment)
        found = history(left, environment)
        answer = whole_release(left)
        assert found.live is not None
        assert found.live.image.digest == digest_of(str(answer))
        if answer == wanted and told[-1] == 2:
            assert found.live.state == NOT_RECORDED
        if answer == "2":
            run(left, environment)
            assert whole_release(left) == "1"
    assert told == sorted(told)
    assert {2, 3} == set(told)


def test_failures_leave_what_can_be_gone_back_to(machine: Machine) -> None:
    environment = staging()
    run(machine, environment, "1")
    with reached(machine, environment) as deployer, deployer.lock() as held:
        for number in range(60):
            failed = entry(machine, machine.push(f"f{number}"), state="closed", deploy_id=None)
            held.remember(failed)
    run(machine, environment, "2")
    found = history(machine, environment)
    assert len(found.entries) == 22
    assert found.before_live().image.tag == "1"
    with reached(machine, environment) as deployer, deployer.lock() as held:
        for number in range(60):
            held.remember(entry(machine, machine.push(f"g{number}"), deploy_id=f"{number}"))
    assert len(history(machine, environment).entries) == 50


def test_what_is_only_checked_anew_stands_there_once(machine: Machine) -> None:
    environment = staging()
    for release in ("1", "2"):
        run(machine, environment, release)
    with reached(machine, environment) as deployer, deployer.lock() as held:
        held.remember(entry(machine, machine.push("2"), downtime=0.0))
        held.remember(entry(machine, machine.push("2"), state="closed"))
    found = history(machine, environment)
    assert [(e.image.tag, e.state, e.downtime) for e in found.entries] == [
        ("2", "closed", 0.25), ("2", "open", 0.25), ("1", "open", 0.25),
    ]  # fmt: skip
    assert found.live == found.entries[1]
    assert found.before_live().image.tag == "1"


def test_what_nobody_has_recorded_is_told_by_its_labels(machine: Machine) -> None:
    box = machine.stand(LIVE, "9")
    found = history(machine, staging())
    assert found.entries == ()
    assert found.live is not None
    assert (found.live.state, found.live.image.digest) == (NOT_RECORDED, digest_of("9"))
    box.spec = replace(box.spec, labels={})
    found = history(machine, staging())
    assert found.live is not None
    run(machine, staging(), "1")
    with promoted(machine, staging(), machine.push("2")):
        assert history(machine, staging()).unfinished


@pytest.mark.parametrize(
    "text",
    ["", "no JSON", "[1]", "3",
     '[{"image": "r/shop:1", "when": "2026-01-02T00:00:00+00:00"}]',
     f'[{{"image": "r/shop@{digest_of("1")}", "when": "yesterday"}}]',
     f'[{{"image": "r/shop@{digest_of("1")}", "when": "2026-01-02T00:00:00"}}]'],
)  # fmt: skip
def test_what_somebody_else_has_written_there_is_named(machine: Machine, text: str) -> None:
    owner = {names.ENVIRONMENT: "staging", names.SERVICE: "shop"}
    machine.made_volumes[f"{VOLUME}4"] = {**owner, names.HISTORY: text}
    with pytest.raises(
        NoVerdict, match=rf"the volume {VOLUME}4 is no history .*volume rm {VOLUME}4"
    ):
        history(machine, staging())


def test_no_volume_of_the_next_name_costs_the_history(machine: Machine) -> None:
    """A container that mounts one makes it, and then it has no label."""
    run(machine, staging(), "1")
    machine.made_volumes[f"{VOLUME}2"] = {}
    with pytest.raises(NoVerdict, match=f"the volume {VOLUME}2 is somebody else's"):
        run(machine, staging(), "2")
    assert releases(history(machine, staging())) == ["1"]
    del machine.made_volumes[f"{VOLUME}2"]
    run(machine, staging(), "3")
    assert releases(history(machine, staging())) == ["3", "1"]


def test_another_environment_has_a_history_of_its_own(machine: Machine) -> None:
    """`a-x`/`app` and `a`/`x-app` have one name; a project and none have too."""
    theirs = {names.ENVIRONMENT: "staging", names.SERVICE: "shop", names.PROJECT: "other"}
    for number, owner in enumerate((theirs, {**theirs, names.PROJECT: "", names.SERVICE: "x"}), 1):
        machine.made_volumes[f"{VOLUME}{number}"] = {**owner, names.HISTORY: "not ours"}
    run(machine, staging(), "1")
    assert releases(history(machine, staging())) == ["1"]
    assert sorted(name for name in machine.made_volumes if VOLUME in name) == [
        f"{VOLUME}1", f"{VOLUME}2", f"{VOLUME}3",
    ]  # fmt: skip


def test_images_go_that_are_needed_no_more(machine: Machine) -> None:
    environment = replace(staging(), keep_images=2)
    other = replace(environment, name="production", services=(Service("shop", "r.example/shop"),))
    foreign = machine.push("1", name="db")
    machine.pulled.add(foreign.pinned)
    run_in(machine, other, "1")
    for release in ("1", "2", "3", "4"):
        run(machine, environment, release)
    assert there(machine) == {"1", "3", "4"}  # the other environment has 1
    for release in ("5", "6"):
        run_in(machine, other, release)
    # It has let 1 go, which the container of nobody has.
    assert there(machine) == {"3", "4", "5", "6"}
    assert foreign.pinned in machine.pulled


def test_an_image_stays_that_somebody_else_uses(machine: Machine) -> None:
    environment = replace(staging(), keep_images=2)
    run(machine, environment, "1")
    machine.stand("somebody", "1")
    for release in ("2", "3", "4"):
        run(machine, environment, release)
    assert there(machine) == {"1", "3", "4"}


def test_no_image_goes_that_another_run_may_be_about_to_start(machine: Machine) -> None:
    environment = replace(staging(), keep_images=2)
    other = replace(environment, name="production", services=(Service("shop", "r.example/shop"),))
    for release in ("1", "2"):
        run(machine, environment, release)
    run_in(machine, other, "6")
    image = machine.push("1")
    with reached(machine, other) as deployer, deployer.lock() as held:
        fetched = held.fetch(image)
        for release in ("3", "4", "5"):
            run(machine, environment, release)
        assert there(machine) == set("123456")
        fetched.stage().promote().conclude()
    run(machine, environment, "4")
    assert there(machine) == {"1", "4", "5", "6"}


def test_which_images_are_kept() -> None:
    found = of("5-", "4*<", "3", "4", "2", "1")
    assert kept(found, 2) == {digest_of("4"), digest_of("3")}
    assert kept(found, 9) == {digest_of(each) for each in "4321"}
    assert kept(History(), 5) == frozenset()


def run_in(machine: Machine, environment: Environment, release: str) -> None:
    """A run in an environment with another name."""
    with reached(machine, environment) as deployer, deployer.lock() as held:
        image = deployer.resolve(machine.push(release))
        live = held.fetch(image).stage().promote()
        live.conclude()
        held.remember(entry(machine, image, deploy_id=live.deployment.deploy_id))


def there(machine: Machine) -> set[str]:
    """The releases of the shop that the engine has."""
    found = (p for p in machine.pulled if p.startswith("r.example/shop@"))
    digests = {p.partition("@")[2] for p in found}
    return {release for release in "123456" if digest_of(release) in digests}
