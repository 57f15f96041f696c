"""Small images for the tests, built and pushed when they are first asked for."""

from __future__ import annotations

import io
import tarfile
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import requests
from docker.errors import ImageNotFound

from pytest_storedog_gate.deploy import ImageReference

if TYPE_CHECKING:
    import docker

BASE = "localhost:5000/storedog/runtime"


class ImageFactory:
    """Builds and pushes images of `service.py`; each release is an image of its own."""

    def __init__(self, engine: docker.DockerClient, registry: str) -> None:
        self.base = BASE
        self.repository = f"{registry}/storedog-tests/{uuid.uuid4().hex[:8]}"
        self._engine, self._registry = engine, registry
        self._made: dict[tuple[str, ...], ImageReference] = {}

    def __call__(
        self,
        release: str = "1",
        behaviour: str = "serves",
        *,
        more: str = "",
        program: str = "service.py",
    ) -> str:
        """The tag of an image, as text: what a user writes."""
        key = (release, behaviour, more, program)
        if key not in self._made:
            self._made[key] = self._make(*key)
        made = self._made[key]
        return f"{made.repository}:{made.tag}"

    def packaged(self, package: str) -> str:
        """The tag of an image with a package of Debian's.

        The engine keeps what the package was installed into, for the next time.
        """
        kept = f"storedog/tests-{package}:bookworm"
        try:
            self._engine.images.get(kept)
        except ImageNotFound:
            install = (
                f"apt-get update -qq && apt-get install -qq -y --no-install-recommends {package}"
            )
            lines = f"FROM {BASE}\nUSER root\nRUN {install} && rm -rf /var/lib/apt/lists/*\n"
            file = io.BytesIO(lines.encode())
            self._engine.images.build(fileobj=file, tag=kept, rm=True, network_mode="host")
        key = (package,)
        if key not in self._made:
            text = f"FROM {kept}\nLABEL storedog.tests={self.repository}\n"
            self._made[key] = self._pushed(package, self.build(package, text))
        return f"{self._made[key].repository}:{package}"

    def digest(self, reference: str) -> str:
        """The digest that the push of an image told."""
        return next(
            made.digest or ""
            for made in self._made.values()
            if f"{made.repository}:{made.tag}" == reference
        )

    def push(self, reference: str) -> str:
        """Pushes a local image and returns its digest."""
        repository, _, tag = reference.rpartition(":")
        for message in self._engine.api.push(repository, tag, stream=True, decode=True):
            if "error" in message:
                raise RuntimeError(message["error"])
            if "Digest" in message.get("aux", {}):
                digest = str(message["aux"]["Digest"])
        return digest

    def build(self, tag: str, dockerfile: str, program: str = "service.py") -> str:
        """Builds an image with a program in its context; returns its full name."""
        context = _archive({"Dockerfile": dockerfile.encode(), program: _source(program)})
        name = f"{self.repository}:{tag}"
        self._engine.images.build(fileobj=context, custom_context=True, tag=name, rm=True)
        return name

    def remove(self) -> None:
        """Takes every image away again, from the engine and from the registry."""
        for image in self._engine.images.list(self.repository):
            self._engine.images.remove(str(image.id), force=True)
        path = self.repository.removeprefix(f"{self._registry}/")
        for made in self._made.values():
            # A registry without deletion keeps them; that is its owner's choice.
            requests.delete(
                f"http://{self._registry}/v2/{path}/manifests/{made.digest}", timeout=10
            )

    def _make(self, release: str, behaviour: str, more: str, program: str) -> ImageReference:
        changes = [
            f"LABEL storedog.tests={self.repository}",
            "USER root",
            f"ENV RELEASE={release} BEHAVIOUR={behaviour}",
            f'CMD ["python3", "/{program}"]',
        ]
        other = more or program != "service.py"
        suffix = uuid.uuid4().hex[:4] if other else behaviour
        tag = f"{release}-{suffix}"
        if more:
            # The label is first: else another process builds the very same layers, and removes
            # them under us.
            lines = [f"FROM {BASE}", *changes, f"COPY {program} /{program}", more]
            return self._pushed(tag, self.build(tag, "\n".join(lines), program))
        return self._pushed(tag, self._commit(tag, program, changes))

    def _commit(self, tag: str, program: str, changes: list[str]) -> str:
        """The same without a build, in which each line costs the engine a container."""
        api, name = self._engine.api, f"{self.repository}:{tag}"
        # With its name inside, so that no other image has the very same layer.
        files = {program: _source(program), "name": name.encode()}
        container = api.create_container(BASE)["Id"]
        try:
            api.put_archive(container, "/", _archive(files).getvalue())
            api.commit(container, self.repository, tag, changes=changes)
        finally:
            api.remove_container(container)
        return name

    def _pushed(self, tag: str, name: str) -> ImageReference:
        digest = self.push(name)
        # Gone from the engine: a test that gets it has pulled it.
        self._engine.images.remove(name)
        return ImageReference(self.repository, tag, digest)


def _source(program: str) -> bytes:
    return (Path(__file__).parent / program).read_bytes()


def _archive(files: dict[str, bytes]) -> io.BytesIO:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    made.seek(0)
    return made
