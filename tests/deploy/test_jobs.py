"""What runs once before a version starts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.deploy import RanJobs
from pytest_storedog_gate.deploy.docker import names
from pytest_storedog_gate.deploy.environment import Service
from pytest_storedog_gate.deploy.runtime import Job, Mount, Runtime, Secret
from pytest_storedog_gate.errors import ConfigurationError, DeploymentFailed
from tests.deploy.conftest import BUILD, LIVE, deploy, promoted, reached, staging, told
from tests.deploy.ways import each_way

if TYPE_CHECKING:
    from pytest_storedog_gate.deploy import ImageReference
    from pytest_storedog_gate.deploy.environment import Environment
    from tests.deploy.fake_engine import FakeEngine
    from tests.deploy.fake_machine import Box, Machine

JOB = f"{LIVE}.job"
WELL, BADLY, NEVER = Job(("0",)), Job(("3",)), Job(("hang",), timeout=30)


def before(environment: Environment, job: Job) -> Environment:
    """The same environment with a job of the service under the gate."""
    services = (
        replace(s, before_swap=job) if s.name == "shop" else s for s in environment.services
    )
    return replace(environment, services=tuple(services))


@each_way
def test_it_runs_before_the_candidate_and_not_for_what_is_left_alone(
    environment: Environment, machine: Machine, old: ImageReference, new: ImageReference
) -> None:
    seen: list[set[str]] = []

    def look(_engine: FakeEngine) -> None:
        if (job := machine.box(JOB)) is not None and job.status == "exited":
            seen.append({box.name for box in machine.boxes})

    wanted = before(environment, WELL)
    deploy(machine, environment, old)
    machine.between = look
    deploy(machine, wanted, new)
    assert machine.ran == ["2"]
    assert seen
    assert all(f"{LIVE}.next" not in names and LIVE in names for names in seen)
    assert machine.box(JOB) is None
    again = replace(BUILD, redeploy=False)
    with reached(machine, wanted, again) as deployer:
        assert not any(JOB in line for line in told(deployer.foresee(new)))
    with reached(machine, wanted, again) as deployer, deployer.lock() as held:
        held.fetch(deployer.resolve(new)).stage().promote().conclude()
    assert machine.ran == ["2"]


def test_it_is_told_by_the_plan_and_by_what_is_staged(
    machine: Machine, new: ImageReference
) -> None:
    wanted = before(staging(), WELL)
    with reached(machine, wanted) as deployer:
        plan = told(deployer.foresee(new))
        (line,) = (line for line in plan if JOB in line)
        assert line == f"run {JOB} in its image, which has to end well within 300 s"
        assert plan.index(line) < plan.index(f"start {LIVE}.next and wait until it is ready")
    with reached(machine, wanted) as deployer, deployer.lock() as held:
        staged: object = held.fetch(deployer.resolve(new)).stage()
        assert isinstance(staged, RanJobs)
        assert staged.jobs == {JOB: ""}


@each_way
@pytest.mark.parametrize(
    ("job", "why"),
    [(BADLY, "ended with exit status 3"), (NEVER, "did not end within 30 s, and was stopped")],
)
def test_one_that_does_not_end_well_lets_nothing_start(
    environment: Environment, machine: Machine, new: ImageReference, job: Job, why: str
) -> None:
    deploy(machine, environment, machine.push("1"))
    standing = machine.statuses()
    with pytest.raises(
        DeploymentFailed, match=rf"{JOB} {why}\. {LIVE} was not touched; .*It wrote"
    ) as said:
        deploy(machine, before(environment, job), new)
    assert "what the job has done by then stays" in str(said.value)
    assert machine.statuses() == standing
    assert machine.answer(LIVE) == "1"


def test_its_last_lines_hide_secrets(machine: Machine, new: ImageReference) -> None:
    wanted = before(staging(variables={"PASSWORD": "hunter2-secret"}), BADLY)
    with pytest.raises(DeploymentFailed, match=r"with password \*{8}"):
        deploy(machine, wanted, new)


def test_it_has_what_the_service_has_but_nothing_that_others_reach_it_by(
    machine: Machine, new: ImageReference
) -> None:
    made: list[Box] = []

    def look(_engine: FakeEngine) -> None:
        if (job := machine.box(JOB)) is not None:
            made.append(job)

    mounts = (Mount("bind", "/srv/conf", "/etc/app", read_only=True),)
    secrets = (Secret("key", content=b"hunter2-secret"),)
    runtime = Runtime(
        user="1000", hostname="shop", entrypoint=("/app",), mounts=mounts, secrets=secrets
    )
    shop = Service("shop", "r.example/shop", 8080, None, {"A": "1", "B": "1"}, runtime=runtime)
    job = Job(("0",), environment={"B": "2"})
    environment = replace(staging("recreate"), services=(replace(shop, before_swap=job),))
    machine.between = look
    deploy(machine, environment, new)
    spec = made[0].spec
    assert spec.environment == {"A": "1", "B": "2"}
    assert (spec.runtime.command, spec.runtime.entrypoint) == (("0",), ("/app",))
    assert (spec.runtime.user, spec.runtime.mounts, spec.runtime.secrets) == (
        "1000",
        mounts,
        secrets,
    )
    assert (spec.aliases, spec.ports, spec.runtime.hostname) == ((), {}, None)
    assert spec.labels[names.ROLE_AT_CREATE] == "job"


def test_a_supporting_service_has_one_too_and_another_image_may_do_it(
    machine: Machine, new: ImageReference
) -> None:
    tool = machine.push("tool", name="tool")
    machine.push("9", name="db")
    job = Job(("0",), service="tool", image=str(tool))
    db = Service("db", "r.example/db:9", before_swap=job)
    environment = staging(services=(db,))
    deploy(machine, environment, new)
    deploy(machine, environment, new)
    assert machine.ran == ["tool"]


def test_one_of_another_environment_is_not_touched(machine: Machine, new: ImageReference) -> None:
    other = {names.ENVIRONMENT: "elsewhere", names.SERVICE: "shop"}
    box = machine.stand(JOB)
    box.spec = replace(box.spec, labels=other)
    with pytest.raises(ConfigurationError, match=f"the container {JOB} is of .*elsewhere"):
        deploy(machine, before(staging(), WELL), new)
    assert machine.box(JOB) is box


def test_one_that_an_interrupted_run_has_left_goes_with_it(
    machine: Machine, old: ImageReference
) -> None:
    with promoted(machine, staging(), old) as (held, live):
        live.conclude()
        box = machine.stand(JOB)
        box.spec = replace(box.spec, labels={**machine.boxes[0].spec.labels})
        assert JOB in held.put_back()
    assert machine.box(JOB) is None


def test_going_back_to_an_older_commit_runs_none(
    machine: Machine, old: ImageReference, new: ImageReference
) -> None:
    """Its own ran when it came, and it does not know what newer ones have done since."""
    wanted = before(staging(), WELL)
    for image, commit in ((old, "aaa"), (new, "bbb"), (old, "aaa")):
        build = replace(BUILD, commit=commit)
        with reached(machine, wanted, build) as deployer:
            told(deployer.foresee(image))
        with reached(machine, wanted, build) as deployer, deployer.lock() as held:
            held.fetch(deployer.resolve(image)).stage().promote().conclude()
    assert machine.ran == ["1", "2"]


@pytest.mark.parametrize(
    ("found", "why"),
    [
        ("data", "has data in a volume at /data"),
        ("other", "other answers to staging-shop too"),
    ],
)
def test_what_is_refused_is_refused_before_it_runs(
    machine: Machine, new: ImageReference, found: str, why: str
) -> None:
    """As what it has done stays."""
    deploy(machine, staging(), machine.push("0", declares=("/data",) if found == "data" else ()))
    if found == "other":
        box = machine.stand("other")
        box.spec = replace(box.spec, aliases=(LIVE,))
    wanted = before(staging(), WELL)
    image = machine.push("3", declares=("/data",)) if found == "data" else new
    with pytest.raises((ConfigurationError, DeploymentFailed), match=why):
        deploy(machine, wanted, image)
    assert machine.ran == []
