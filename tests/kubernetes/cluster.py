"""What a test does with a cluster beside the gate: kubectl, and parts of it that fail."""

from __future__ import annotations

import fcntl
import os
import signal
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lab.offline.kubernetes import cgroups, kubectl, network
from lab.offline.kubernetes import cluster as lab
from lab.offline.kubernetes.addresses import FOLDER, KUBECONFIG

if TYPE_CHECKING:
    from collections.abc import Iterator


class Cluster:
    """The lab's."""

    kubeconfig = KUBECONFIG

    @contextmanager
    def turn(self, *, alone: bool = False) -> Iterator[None]:
        """Tests of all processes share the cluster, but for one that ends parts of it.

        They queue: those that come after such a one would keep it waiting until all are through.
        """
        with (FOLDER / "tests.lock").open("w") as lock:
            with (FOLDER / "tests.queue").open("w") as queue:
                fcntl.flock(queue, fcntl.LOCK_EX)
                fcntl.flock(lock, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
            yield

    @contextmanager
    def namespace(self) -> Iterator[Namespace]:
        """An empty one, whose pods take their time to end after it."""
        made = Namespace(f"test-{uuid.uuid4().hex[:8]}")
        kubectl.run("create", "namespace", made.name)
        try:
            # Without it no pod can be made.
            made.kubectl("wait", "--for=create", "serviceaccount/default")
            yield made
        finally:
            kubectl.run("delete", "namespace", made.name, "--wait=false")

    @contextmanager
    def without(self, program: str) -> Iterator[None]:
        """One program of it is killed, and is back at the end."""
        lab.kill(program)
        try:
            yield
        finally:
            lab.start(program)
            lab.wait_for_api()

    @contextmanager
    def silent(self, program: str) -> Iterator[None]:
        """One program of it takes connections and answers nobody, and goes on at the end."""
        processes = cgroups.processes(program)
        for process in processes:
            os.kill(process, signal.SIGSTOP)
        try:
            yield
        finally:
            for process in processes:
                os.kill(process, signal.SIGCONT)

    @contextmanager
    def without_registry(self) -> Iterator[None]:
        """Its node cannot reach the registry, which this machine reaches."""
        network.cut_registry()
        try:
            yield
        finally:
            network.join_registry()


@dataclass(frozen=True)
class Namespace:
    """A test's own."""

    name: str

    def kubectl(self, *arguments: str) -> str:
        """See `kubectl.run`; in this namespace."""
        return kubectl.run(f"--namespace={self.name}", *arguments)

    def apply(self, *objects: dict[str, Any], server_side: bool = False) -> None:
        """Applies what a user's manifests would say."""
        how = ("--server-side",) if server_side else ()
        kubectl.apply(objects, f"--namespace={self.name}", *how)

    def get(self, *arguments: str) -> Any:
        """An object, as `deployment/web`, or a list of them."""
        return kubectl.get(*arguments, f"--namespace={self.name}")
