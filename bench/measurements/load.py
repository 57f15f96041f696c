"""A deployment, a refused one and a rollback under load, by each strategy and by hand.

Clients ask the service in an open loop, at least 10,000 times in all: with a connection for each
request (some 100 a second), with connections that are kept, and requests that take one second and
fifteen. Meanwhile a release is deployed, one is refused by a check that runs for two seconds, and
the release before is put back. By hand that is a shell script: pull, stop, remove, start, the
check, and where it fails the same with the release before. The outage is the longest time between
two good answers on new connections with failed requests between them. `unproved` counts the
requests that the refused release has answered.

It needs a Docker engine and the registry of `lab/up`, and removes what it makes.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from abc import ABC, abstractmethod
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from bench import environments
from bench.environments import SCRIPTS
from bench.measurements.http_checks import check
from bench.process import FailedError, own_environment
from bench.rounds import Case, value
from bench.site import started
from tests.live.images.factory import ImageFactory

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager

    from bench.environments import Environment
    from bench.rounds import Figures

_BY_HAND = "by hand"
_HAPROXY = "localhost:5000/storedog/haproxy:2.6"
_CHECK_TAKES = 2.0  # s
_PASSES, _FAILS = "one-che-ckx", "one-bad-ckx"
_EDGE = """\
edge_image = "{image}"
preview = "127.0.0.1:{preview}"
checks_after = ["{check}"]
"""
_HAND = """\
set -u
run() {{
    docker pull -q "$1"
    docker stop "$NAME"
    docker rm "$NAME"
    docker run -d --name "$NAME" --network "$NETWORK" -p "127.0.0.1:$PORT:8080" "$1"
    until curl -fs "http://127.0.0.1:$PORT/"; do sleep 0.1; done
}}
run "$NEW"
{check} || {{ run "$OLD"; exit 1; }}
"""


class Asked(Protocol):
    """An environment whose service is asked meanwhile."""

    @property
    def folder(self) -> Path: ...
    def asked_by(self, script: str, *arguments: str) -> AbstractContextManager[dict[str, Any]]: ...


class Deploys(Protocol):
    """A peer, by the releases that it puts in."""

    @property
    def own(self) -> Asked: ...
    def deploy(self, release: str) -> None: ...
    def refuse(self, release: str) -> None: ...
    def put_back(self, release: str) -> None: ...


def cases(*, quick: bool) -> Iterator[Case]:
    """Each strategy, and by hand: one after the other, as each takes the machine's cores."""
    at_least = 1_000 if quick else 10_000
    with ExitStack() as stack:
        engine = stack.enter_context(environments.engine())
        site = stack.enter_context(started("bench.site"))
        made = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        images = ImageFactory(engine, "127.0.0.1:5000")
        stack.callback(images.remove)
        # As the first process of a container, Python would not hear of another signal.
        releases = {each: images(each, more="STOPSIGNAL SIGINT") for each in ("1", "2", "bad")}
        for strategy in ("edge",) if quick else ("edge", "rename", "recreate", _BY_HAND):
            folder = made / strategy.replace(" ", "-")
            here = environments.environment(engine, images, strategy, folder)
            peer = _Hand if strategy == _BY_HAND else _Gate
            does = peer(stack.enter_context(here), releases, site.url)
            none = [value(each, 0) for each in ("failed", "outage, s", "unproved")]
            wanted = none if strategy == "edge" else []
            yield Case(strategy, {strategy: partial(loaded, does, at_least)}, wanted)


def loaded(does: Deploys, at_least: int) -> Figures:
    """What clients saw while a peer deployed, refused and put back."""
    with does.own.asked_by("load.py", str(at_least)) as told:
        does.deploy("2")
        does.refuse("bad")
        does.put_back("1")
    answers = [(kind, text, number) for kind, text, number in told["answers"]]
    by_kind = {
        f"{kind}: failed": float(sum(n for k, text, n in answers if k == kind and not text))
        for kind in dict.fromkeys(kind for kind, _, _ in answers)
    }
    return {
        "requests": sum(number for _, _, number in answers),
        "failed": sum(number for _, text, number in answers if not text),
        "outage, s": told["outage"],
        "unproved": sum(number for _, text, number in answers if text == "bad"),
        **by_kind,
    }


class ByGate(ABC):
    """Deploys to an `environment` with the gate, by a check that passes or one that does not."""

    def __init__(
        self, own: Asked, environment: str, releases: Mapping[str, str], site: str
    ) -> None:
        """`releases` are their images; the checks ask the `site`. The first one is deployed."""
        self._place, self._environment, self._releases = own, environment, releases
        for public_id, status in ((_PASSES, 200), (_FAILS, 500)):
            tests = {"tests": [{"localTestDefinition": _definition(public_id, status, site)}]}
            file = own.folder / f"{public_id}.synthetics.json"
            file.write_text(json.dumps(tests), encoding="utf-8")
            (own.folder / f"{public_id}.toml").write_text(self.toml(public_id), encoding="ascii")
        self.deploy("1")

    @abstractmethod
    def toml(self, check: str) -> str:
        """The configuration of a gate with this check."""

    @abstractmethod
    def is_live(self, release: str) -> bool:
        """Whether the release is what has the traffic."""

    def deploy(self, release: str) -> None:
        self._run(0, _PASSES, f"--storedog-image={self._releases[release]}")

    def refuse(self, release: str) -> None:
        self._run(1, _FAILS, f"--storedog-image={self._releases[release]}")

    def put_back(self, release: str) -> None:
        """The release before, which this one has to be."""
        self._run(0, _PASSES, "--storedog-rollback")
        if not self.is_live(release):
            raise FailedError(f"the rollback did not bring {release} back")

    def _run(self, status: int, config: str, *options: str) -> None:
        command = [sys.executable, "-m", "pytest", f"--storedog-env={self._environment}"]
        command += [f"--storedog-config={config}.toml", *options]
        ends(command, status, self._place)


class _Gate(ByGate):
    def __init__(self, own: Environment, releases: Mapping[str, str], site: str) -> None:
        self.own = own
        super().__init__(own, own.place.name, releases, site)

    def toml(self, check: str) -> str:
        own = self.own
        toml = own.storedog_toml(check)
        if own.strategy == "edge":
            toml += _EDGE.format(image=_HAPROXY, preview=own.preview, check=check)
        return toml

    def is_live(self, release: str) -> bool:
        container = self.own.place.engine.containers.get(self.own.place.live)
        return bool(container.labels["com.datadoghq.tags.version"].partition("-")[0] == release)


class _Hand:
    """Deploys with a shell script."""

    def __init__(self, own: Environment, releases: Mapping[str, str], site: str) -> None:
        self.own, self._releases, self._site = own, releases, site
        self._live = "1"
        network, port = f"{own.place.name}-net", ("-p", f"127.0.0.1:{own.port}:8080")
        for command in (
            ("network", "create", network),
            ("run", "-d", "--name", own.place.live, "--network", network, *port, releases["1"]),
        ):
            subprocess.run(("docker", *command), capture_output=True, check=True)

    def deploy(self, release: str) -> None:
        self._run(0, release, good=True)
        self._live = release

    def refuse(self, release: str) -> None:
        self._run(1, release, good=False)

    def put_back(self, release: str) -> None:
        self.deploy(release)

    def _run(self, status: int, release: str, *, good: bool) -> None:
        script = _HAND.format(check=check_by_hand(self._site, good=good))
        more = {
            "NEW": self._releases[release],
            "OLD": self._releases[self._live],
            "NAME": self.own.place.live,
            "NETWORK": f"{self.own.place.name}-net",
            "PORT": str(self.own.port),
        }
        ends(["sh", "-c", script], status, self.own, **more)


def check_by_hand(site: str, *, good: bool) -> str:
    """What asks the site for as long as the gate's check does, in a shell; it fails unless good."""
    asks = f'"{sys.executable}" "{SCRIPTS / "http_check.py"}" "{_asked_at(site)}"'
    return asks if good else f"{asks} && false"


def ends(command: list[str], status: int, own: Asked, **more: str) -> None:
    """Runs a command in the environment's folder; FailedError for another exit status."""
    done = subprocess.run(
        command,
        cwd=own.folder,
        env=own_environment(own.folder, **more),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != status:
        raise FailedError(f"{' '.join(command)[:200]} ends with {done.returncode}: {done.stdout}")


def _definition(public_id: str, status: int, site: str) -> dict[str, Any]:
    """A check that takes a while, and passes where the site answers with that status: 200 it is."""
    found = check(_asked_at(site))
    found["config"]["assertions"][0]["target"] = status
    return {**found, "public_id": public_id, "locations": ["here"]}


def _asked_at(site: str) -> str:
    return f"{site}/discounts?after={_CHECK_TAKES}"
