"""Programs that the lab builds from their Go modules: the pipeline's, and what reads our proofs.

`python -m lab.offline.programs` builds those that lab/test does not: they take too long for it.
With names it builds these.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab.scripts import logged
from lab.scripts.machine import packages
from lab.scripts.progress import say, step
from lab.scripts.state import CACHE, LAB, LabError, one_sentence

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MODULES = LAB / "offline" / "modules"
_GO = (1, 26)


@dataclass(frozen=True)
class Program:
    """A main package, and the folder of the `module` that pins it, if that has another name."""

    name: str
    package: str
    binary: str
    cgo: bool = False
    module: str = ""
    flags: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        """Where the binary of this state of its module is, once it is built."""
        return CACHE / f"{self.name}-{_content(self._module)}" / self.binary

    def ensure(self) -> Path:
        """The binary, built once for each state of its module, in the user's cache."""
        binary = self.path
        if binary.exists():
            say(f"{self.name}: built already, {binary}")
            return binary
        _need_go()
        if self.cgo:
            packages.need(gcc="gcc")
        binary.parent.mkdir(parents=True, exist_ok=True)
        unfinished = binary.with_name("unfinished")
        with step(f"building {self.name} from its Go module"):
            logged.run(
                [
                    *("go", "build", "-trimpath", "-buildvcs=false"),
                    *(*self._linked(), *self.flags),
                    *("-o", str(unfinished), self.package),
                ],
                f"build-{self.name}.log",
                what=f"go build of {self.name}",
                cwd=self._module,
                CGO_ENABLED=str(int(self.cgo)),
            )
        return unfinished.rename(binary)

    @property
    def _module(self) -> Path:
        return _MODULES / (self.module or self.name)

    def _linked(self) -> tuple[str, ...]:
        # The image has another C library than this machine may have.
        return ("-tags=netgo,osusergo", "-ldflags=-extldflags=-static") if self.cgo else ()


GOGS = Program("gogs", "gogs.io/gogs", "gogs")
DRONE = Program("drone", "github.com/drone/drone/cmd/drone-server", "drone-server", cgo=True)
RUNNER = Program(
    "drone-runner-docker", "github.com/drone-runners/drone-runner-docker", "drone-runner-docker"
)
ALL = (GOGS, DRONE, RUNNER)
# For tests: others' tools read our proofs, and a registry that lists referrers keeps them.
COSIGN = Program("cosign", "github.com/sigstore/cosign/v3/cmd/cosign", "cosign")
REFERRERS = Program("referrers-registry", "./registry", "referrers-registry", module="cosign")
# One of Kubernetes' versions: its parts refuse to start without knowing theirs.
KUBERNETES = Program(
    "kubernetes",
    ".",
    "kubernetes",
    flags=(
        (
            "-ldflags=-s -w"
            " -X k8s.io/component-base/version.gitVersion=v1.34.4"
            " -X k8s.io/component-base/version.gitMajor=1"
            " -X k8s.io/component-base/version.gitMinor=34"
        ),
    ),
)
# What clusters admit images by, as programs that decide by the same policies without a cluster.
ADMISSION = (
    Program("kyverno", "github.com/kyverno/kyverno/cmd/cli/kubectl-kyverno", "kyverno"),
    Program(
        "policy-controller", "github.com/sigstore/policy-controller/cmd/tester", "policy-tester"
    ),
)


def _content(module: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(module.rglob("*")):
        if path.is_file():
            digest.update(f"{path.relative_to(module)}\n".encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def _need_go() -> None:
    found = (
        shutil.which("go")
        and subprocess.run(
            ["go", "env", "GOVERSION"], capture_output=True, text=True, check=False
        ).stdout
    )
    version = re.match(r"go(\d+)\.(\d+)", found or "")
    if version is None or (int(version[1]), int(version[2])) < _GO:
        raise LabError(
            "what is built here from Go modules needs Go "
            f"{_GO[0]}.{_GO[1]} or newer, and there is {(found or 'none').strip()}; install it"
        )


@contextmanager
def built_beside(*programs: Program) -> Iterator[None]:
    """Another process builds them while the block goes on; the block's end waits for that.

    One that could not be built says why when it is asked for. An error of the block ends it all.
    """
    command = [sys.executable, "-m", "lab.offline.programs", *(each.name for each in programs)]
    with subprocess.Popen(command, cwd=LAB.parent, start_new_session=True) as process:
        try:
            yield
        except BaseException:
            os.killpg(process.pid, signal.SIGTERM)  # the compilers, too
            raise


def main() -> None:
    """See the module."""
    named = {each.name: each for each in (*ALL, COSIGN, REFERRERS, KUBERNETES, *ADMISSION)}
    with one_sentence():
        for each in [named[name] for name in sys.argv[1:]] or ADMISSION:
            each.ensure()


if __name__ == "__main__":
    main()
