"""A deployment by each strategy on a Docker engine, beside the docker commands of somebody's hand.

The gate is `pytest --storedog-env=NAME --storedog-image=...` with one local HTTP check; by hand it
is a shell script: pull, start, wait until ready, swap, stop, remove, and the check as a script.
Both put a small service with a boot of a fraction of a second in the place of another release of
it, while a client asks it without pause, on a new connection each time: with `rename` by its name
in the network, with `recreate` at its published port. The outage is the longest time between two
good answers with failed requests between them. The gate that is killed gets SIGKILL in the swap,
and is run again at once: its wall time is that of the next run, which recovers and deploys.

It needs a Docker engine and the registry of `lab/up`, and removes what it makes.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

from bench import environments
from bench.environments import SCRIPTS, Environment
from bench.measurements.http_checks import check
from bench.process import FailedError, measured, own_environment
from bench.rounds import Case, difference
from bench.site import started
from tests.live.images.factory import ImageFactory

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.rounds import Figures

_BY_HAND = "by hand"
_HANDS = {
    "rename": """\
        docker pull -q "$IMAGE"
        docker run -d --name "$NAME.next" --network "$NETWORK" "$IMAGE"
        address=$(docker inspect "$NAME.next" \\
            -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}')
        until curl -fs "http://$address:8080/"; do sleep 0.1; done
        docker rename "$NAME" "$NAME.prev"
        docker rename "$NAME.next" "$NAME"
        docker stop "$NAME.prev"
        docker rm "$NAME.prev"
""",
    "recreate": """\
        docker pull -q "$IMAGE"
        docker stop "$NAME"
        docker rm "$NAME"
        docker run -d --name "$NAME" --network "$NETWORK" -p "127.0.0.1:$PORT:8080" "$IMAGE"
        until curl -fs "http://127.0.0.1:$PORT/"; do sleep 0.1; done
""",
}


def cases(*, quick: bool) -> Iterator[Case]:
    """Each strategy, and a run that is killed."""
    with ExitStack() as stack:
        engine = stack.enter_context(environments.engine())
        site = stack.enter_context(started("bench.site"))
        made = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        images = ImageFactory(engine, "127.0.0.1:5000")
        stack.callback(images.remove)
        # As the first process of a container, Python would not hear of another signal.
        releases = [images(release, more="STOPSIGNAL SIGINT") for release in ("1", "2")]
        for strategy in ("rename",) if quick else ("rename", "recreate"):
            gate, hand = (
                stack.enter_context(
                    environments.environment(engine, images, strategy, made / f"{strategy}-{who}")
                )
                for who in ("gate", "hand")
            )
            by_gate, by_hand = _Gate(gate, releases, site.url), _Hand(hand, releases, site.url)
            wanted = [difference("outage, s", 0.2, _BY_HAND)]
            yield Case(strategy, {"gate": by_gate.run, _BY_HAND: by_hand.run}, wanted)
            yield Case(f"{strategy}, after SIGKILL in the swap", {"gate": by_gate.run_killed})


@contextmanager
def _asked(own: Environment) -> Iterator[Figures]:
    """Fills in how a client fared meanwhile."""
    figures: Figures = {}
    with own.asked_by("asking.py") as told:
        yield figures
    figures |= {
        "requests": told["requests"],
        "failed requests": told["failed"],
        "outage, s": told["outage"],
    }


class _Gate:
    """Deploys with the gate; the first time is no part of what is measured."""

    def __init__(self, own: Environment, releases: Sequence[str], site: str) -> None:
        self._own, self._releases = own, cycle(releases)
        toml = own.storedog_toml("one-che-ckx")
        (own.folder / "storedog.toml").write_text(toml, encoding="ascii")
        definition = {
            **check(f"{site}/discounts"),
            "public_id": "one-che-ckx",
            "locations": ["here"],
        }
        text = json.dumps({"tests": [{"localTestDefinition": definition}]})
        (own.folder / "one.synthetics.json").write_text(text, encoding="utf-8")
        self._deploy(next(self._releases))

    def run(self) -> Figures:
        with _asked(self._own) as figures:
            usage = self._deploy(next(self._releases))
        return {"wall, s": usage["wall"], "CPU, s": usage["CPU"], **figures}

    def run_killed(self) -> Figures:
        release = next(self._releases)
        with _asked(self._own) as figures:
            self._kill(release)
            usage = self._deploy(release)
        return {"wall, s": usage["wall"], "CPU, s": usage["CPU"], **figures}

    def _deploy(self, release: str) -> Figures:
        return measured(self._command(release), self._own.folder, own_environment(self._own.folder))

    def _kill(self, release: str) -> None:
        """Starts a run and kills it when the previous container has made way."""
        folder, journal = self._own.folder, f"{self._own.place.live}.prev"
        with subprocess.Popen(
            self._command(release),
            cwd=folder,
            env=own_environment(folder),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            while journal not in self._own.place.containers():
                if process.poll() is not None:
                    raise FailedError("the run that was to be killed had ended before")
                time.sleep(0.01)
            process.kill()

    def _command(self, release: str) -> tuple[str, ...]:
        name = self._own.place.name
        options = (f"--storedog-env={name}", f"--storedog-image={release}")
        return (sys.executable, "-m", "pytest", *options, "--storedog-lock-wait=30")


class _Hand:
    """Deploys with a shell script; the first time is no part of what is measured."""

    def __init__(self, own: Environment, releases: Sequence[str], site: str) -> None:
        self._own, self._releases = own, cycle(releases)
        request = f'"{sys.executable}" "{SCRIPTS / "http_check.py"}" "{site}/discounts"'
        self._script = f"set -eu\n{_HANDS[own.strategy]}{request}\n"
        network, live = f"{own.place.name}-net", own.place.live
        port = ("-p", f"127.0.0.1:{own.port}:8080") if own.published else ()
        release = next(self._releases)
        for command in (
            ("network", "create", network),
            ("run", "-d", "--name", live, "--network", network, *port, release),
        ):
            subprocess.run(("docker", *command), capture_output=True, check=True)

    def run(self) -> Figures:
        more = {
            "IMAGE": next(self._releases),
            "NAME": self._own.place.live,
            "NETWORK": f"{self._own.place.name}-net",
            "PORT": str(self._own.port),
        }
        folder = self._own.folder
        with _asked(self._own) as figures:
            usage = measured(("sh", "-c", self._script), folder, own_environment(folder, **more))
        return {"wall, s": usage["wall"], "CPU, s": usage["CPU"], **figures}
