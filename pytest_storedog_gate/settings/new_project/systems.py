"""What a first pipeline of each CI system is made of."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SOCKET = "/var/run/docker.sock"


@dataclass(frozen=True)
class System:
    """A CI system: where its pipeline stands, and how its variable with the commit is spelt.

    `deploys` is what a step has that deploys, with `$image` and `$commit`; `volumes` what the
    pipeline has then.
    """

    path: Path
    suffix: str
    commit: str
    deploys: str
    volumes: str = ""


SYSTEMS: Mapping[str, System] = {
    "drone": System(
        Path(".drone.yml"),
        "yml",
        "${DRONE_COMMIT_SHA}",
        "    user: root   # as the owner of the engine's socket; the checks are not\n"
        "    network_mode: host\n"
        f"    volumes: [{{ name: docker, path: {_SOCKET} }}]\n"
        "    environment:\n      STOREDOG_IMAGE: $image:$commit\n",
        f"\nvolumes:\n  - name: docker\n    host: {{ path: {_SOCKET} }}\n",
    ),
    "github": System(
        Path(".github/workflows/gate.yml"),
        "yml",
        "${{ github.sha }}",
        "        env:\n          STOREDOG_IMAGE: $image:$commit\n",
    ),
    "gitlab": System(
        Path(".gitlab-ci.yml"),
        "yml",
        "$CI_COMMIT_SHA",
        '  # The runner has the engine: by a shell, or by its socket and `network_mode = "host"`.\n'
        "  variables:\n    STOREDOG_IMAGE: $image:$commit\n",
    ),
    "woodpecker": System(
        Path(".woodpecker.yml"),
        "yml",
        "${CI_COMMIT_SHA}",
        f"    network_mode: host\n    volumes: [{_SOCKET}:{_SOCKET}]\n"
        "    environment:\n      STOREDOG_IMAGE: $image:$commit\n",
    ),
    "jenkins": System(
        Path("Jenkinsfile"),
        "groovy",
        "${env.GIT_COMMIT}",
        '            environment { STOREDOG_IMAGE = "$image:$commit" }\n',
    ),
}


def pipeline(
    name: str, environments: Sequence[str], image: str | None, *, compose: bool
) -> tuple[Path, str]:
    """The file of the CI system `name`, and its text: a step for each environment, in order.

    `image`: the one under the gate, without a tag; None where nothing is deployed. Its tag is the
    commit. `compose`: the services are those of a compose file.
    """
    system = SYSTEMS[name]
    extras = "local,compose" if compose else "local"
    deploys = Template(system.deploys).substitute(image=image, commit=system.commit)
    steps = [
        _template(f"{name}.step.{system.suffix}").substitute(
            environment=one,
            deploys=deploys if image else "",
            extras=extras,
            version=version("pytest-storedog-gate"),
        )
        for one in environments
    ]
    whole = _template(f"{name}.{system.suffix}").substitute(
        steps="".join(steps),
        volumes=system.volumes if image else "",
        stages=", ".join(environments),
        extras=extras,
    )
    return system.path, f"{whole.rstrip()}\n"


def _template(name: str) -> Template:
    return Template(files(__package__).joinpath(name).read_text("utf-8"))
