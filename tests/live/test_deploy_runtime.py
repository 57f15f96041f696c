"""What compose's words come to: what the engine tells of a container, and what it sees itself."""

from __future__ import annotations

import json
import socket
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_storedog_gate.deploy import Build, ImageReference, RanJobs
from pytest_storedog_gate.deploy.docker.engine import Engine
from pytest_storedog_gate.deploy.docker.specification import specify
from pytest_storedog_gate.deploy.environment import Address
from pytest_storedog_gate.deploy.runtime import (
    Gpus,
    Healthcheck,
    Job,
    Logging,
    Mount,
    Network,
    Port,
    Runtime,
    Secret,
)
from pytest_storedog_gate.errors import DeploymentFailed
from tests.live.places import remove_network

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from docker.models.containers import Container

    from pytest_storedog_gate.deploy.environment import Environment
    from tests.live.images.factory import ImageFactory
    from tests.live.places import Place

    Run = Callable[[Environment, str], str]

pytestmark = pytest.mark.live

SECRET = b"hunter2-secret"
RUNTIME = Runtime(
    user="1234:1234",
    working_dir="/tmp",  # noqa: S108
    hostname="shop-one",
    init=False,
    read_only=True,
    restart="always",
    stop_grace_period=2.5,
    stop_signal="SIGINT",
    labels={"com.example.team": "shop"},
    mounts=(
        Mount("bind", "/usr/share", "/machine", read_only=True),
        Mount("volume", "fixed", "/fixed", read_only=True),
    ),
    tmpfs={"/run": "", "/scratch": "size=64k,mode=1777"},
    secrets=(
        Secret("key", content=SECRET, target="the.key", uid=1234, gid=1234, mode="0400"),
        Secret("root", content=b"\x00", mode="0400"),
    ),
    extra_hosts={"far.example": "10.9.8.7"},
    dns=("10.1.1.1",),
    mem_limit=256 * 2**20,
    shm_size=2**20,
    cpus=0.5,
    pids_limit=123,
    ulimits={"core": (1000, 2000)},
    sysctls={"net.core.somaxconn": "321"},
    cap_add=("NET_RAW",),
    cap_drop=("ALL",),
    security_opt=("no-new-privileges",),
    devices=("/dev/null:/dev/nothing:r",),
    healthcheck=Healthcheck(("CMD", "true"), 0.2, 5, 2, 1),
    logging=Logging("json-file", {"max-size": "1m"}),
)
SEEN = """
import json, os, resource, socket, pathlib, signal
def read(path):
    return pathlib.Path(path).read_text()
def writes(path):
    try:
        pathlib.Path(path, "x").touch()
        return True
    except OSError:
        return False
key = os.stat("/run/secrets/the.key")
print(json.dumps({
    "user": (os.getuid(), os.getgid()), "folder": os.getcwd(), "host": socket.gethostname(),
    "first": read("/proc/1/comm").strip() != "docker-init",
    "writes": [p for p in ("/", "/tmp", "/machine", "/fixed", "/data", "/scratch") if writes(p)],
    "secret": read("/run/secrets/the.key"), "mode": oct(key.st_mode & 0o777), "owner": key.st_uid,
    "other secret": os.access("/run/secrets/root", os.R_OK),
    "in environment": "hunter2" in str(dict(os.environ)),
    "hosts": "10.9.8.7" in read("/etc/hosts"),
    "core": resource.getrlimit(resource.RLIMIT_CORE),
    "sysctl": read("/proc/sys/net/core/somaxconn").strip(),
    "capabilities": [l.split()[1] for l in read("/proc/self/status").splitlines() if "CapBnd" in l],
    "privileges": "NoNewPrivs:\\t1" in read("/proc/self/status"),
    "device": os.path.exists("/dev/nothing"),
    "shm": os.statvfs("/dev/shm").f_blocks * os.statvfs("/dev/shm").f_frsize,
}))
"""


@pytest.fixture
def further(place: Place) -> Iterator[str]:
    """The engine's name of a further network."""
    name = f"{place.name}-back"
    yield name
    place.empty()
    remove_network(place.engine, name)


def own_view(container: Container) -> dict[str, Any]:
    done = container.exec_run(["python3", "-c", SEEN])
    assert done.exit_code == 0, done.output
    assert isinstance(done.output, bytes)
    return dict(json.loads(done.output))


def test_a_container_is_as_its_service_says(
    place: Place, images: ImageFactory, run: Run, further: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = Address("127.0.0.1", taken.getsockname()[1])
    runtime = replace(
        RUNTIME,
        ports=(Port(8080, address), Port(53, address, "udp")),
        networks=(Network("back", ("behind",)),),
    )
    environment = place.environment("recreate", volumes={"data": "/data"})
    (shop,) = environment.services
    job = Job(("echo $STEP; cat /run/secrets/the.key",), ("sh", "-c"), environment={"STEP": "one"})
    environment = replace(
        environment,
        services=(replace(shop, runtime=runtime, before_swap=job, candidate="on"),),
    )
    run(environment, images("1"))
    container = place.engine.containers.get(place.live)
    assert own_view(container) == {
        "user": [1234, 1234],
        "folder": "/tmp",  # noqa: S108
        "host": "shop-one",
        "first": True,
        "writes": ["/scratch"],
        "secret": SECRET.decode(),
        "mode": "0o400",
        "owner": 1234,
        "other secret": False,
        "in environment": False,
        "hosts": True,
        "core": [1000, 2000],
        "sysctl": "321",
        "capabilities": [f"{1 << 13:016x}"],
        "privileges": True,
        "device": True,
        "shm": 2**20,
    }
    said = container.attrs
    assert "hunter2" not in json.dumps(said)
    config, host = said["Config"], said["HostConfig"]
    assert config["Healthcheck"]["Test"] == ["CMD", "true"]
    assert (config["StopSignal"], config["StopTimeout"]) == ("SIGINT", 3)
    assert config["Labels"]["com.example.team"] == "shop"
    assert said["State"]["Health"]["Status"] == "healthy"
    assert host["RestartPolicy"]["Name"] == "always"
    assert (host["Memory"], host["NanoCpus"], host["PidsLimit"]) == (2**28, 500_000_000, 123)
    assert host["Dns"] == ["10.1.1.1"]
    assert host["LogConfig"] == {"Type": "json-file", "Config": {"max-size": "1m"}}
    bound = {
        port: [each["HostPort"] for each in where if each["HostPort"]]
        for port, where in host["PortBindings"].items()
    }
    assert bound == {"8080/tcp": [str(address.port)], "53/udp": [str(address.port)]}
    assert {"behind", "shop"} <= {*said["NetworkSettings"]["Networks"][further]["Aliases"]}
    assert place.answer() == "1"
    assert any("shop.job ended well" in line for line in place.said)
    before = container.id
    run(environment, images("1"))
    assert place.engine.containers.get(place.live).id != before  # it was told to deploy anew
    volumes = [each["Name"] for each in said["Mounts"] if each["Destination"] == "/run/secrets"]
    assert not [each for each in place.engine.volumes.list() if each.id in volumes]


def test_what_this_machine_cannot_give_is_asked_for(
    place: Place, images: ImageFactory, run: Run
) -> None:
    environment = place.environment()
    run(environment, images("1"))
    (shop,) = environment.services
    asked = replace(shop, runtime=Runtime(privileged=True, gpus=(Gpus(count=-1),)))
    image = replace(ImageReference.parse(images("1")), digest=images.digest(images("1")))
    with closing(Engine(environment.engine, str)) as engine:
        spec = specify(environment, asked, image, Build())
        host = place.engine.api.inspect_container(
            engine.create(f"{place.name}-asked", spec.candidate())
        )["HostConfig"]
    assert host["Privileged"]
    assert host["DeviceRequests"][0]["Count"] == -1
    assert host["DeviceRequests"][0]["Capabilities"] == [["gpu"]]


@pytest.mark.parametrize("strategy", ["rename", "recreate"])
def test_a_job_tells_what_it_wrote_and_one_that_fails_lets_nothing_start(
    place: Place, images: ImageFactory, run: Run, strategy: str
) -> None:
    environment = place.environment(strategy, variables={"PASSWORD": "hunter2-secret"})
    run(environment, images("1"))
    before = place.engine.containers.get(place.live).id
    (shop,) = environment.services

    def with_job(script: str, **facts: Any) -> Environment:
        job = Job((script,), ("sh", "-c"), **facts)
        return replace(environment, services=(replace(shop, before_swap=job),))

    journey = place.journey(with_job("echo it is $PASSWORD"))
    staged: object = journey.staged(images("2"))
    assert isinstance(staged, RanJobs)
    assert staged.jobs == {f"{place.live}.job": "it is ********"}
    assert place.containers()[f"{place.live}.next"] == "running"
    journey.close()
    wrong = {
        r"(?s)\.job ended with exit status 7\. .* was not touched; .*no table": with_job(
            "echo no table >&2; exit 7"
        ),
        r"\.job did not end within 0\.5 s, and was stopped": with_job("exec sleep 60", timeout=0.5),
    }
    for why, badly in wrong.items():
        journey = place.journey(badly)
        with pytest.raises(DeploymentFailed, match=why):
            journey.staged(images("2"))
        journey.close()
    journey = place.journey(environment)
    journey.lock(journey.resolve(ImageReference.parse(images("1")))).recover()
    journey.close()
    assert place.containers() == {place.live: "running"}
    assert place.engine.containers.get(place.live).id == before
