"""Storedog's images: built from their sources, pushed, and read back from the registry."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from docker.errors import ImageNotFound

from lab.offline import base
from lab.scripts.machine import registry
from lab.scripts.progress import say, step
from lab.scripts.state import LAB, LabError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import docker

GOOD = ("good", "better")
BAD = (
    *("http-500", "empty-list", "renamed-field", "null-code", "wrapped-list", "html-200"),
    *("utf-16", "lost-route", "error-body", "slow", "flaky", "crash", "never-ready"),
)
CONTENT = "storedog.lab.content"
_SOURCES = LAB / "storedog"


@dataclass(frozen=True)
class Image:
    """One tag: what is built from the folder `name`, for the discounts service with a release."""

    name: str
    tag: str
    release: str | None = None

    @property
    def repository(self) -> str:
        """The repository in the registry."""
        return f"storedog/{self.name}"

    @property
    def reference(self) -> str:
        """The image as the engine names it."""
        return f"{registry.ADDRESS}/{self.repository}:{self.tag}"


RUNTIME = Image("runtime", "latest")
DATABASE = Image("db", "15")
FRONTEND = Image("frontend", "1")
EDGE = Image("haproxy", "2.6")
RELEASES = tuple(Image("discounts", release, release) for release in GOOD + BAD)


def ensure(engine: docker.DockerClient) -> None:
    """Makes sure that the registry has every image, as the sources are now."""
    bottom = base.ensure(engine)
    # The database, the proxy and the Python services have nothing in common but the base.
    with (
        step("images: build and push what is not in the registry"),
        ThreadPoolExecutor(max_workers=2) as pool,
    ):
        database = pool.submit(_ensure, engine, base.NAME, bottom, [DATABASE, EDGE])
        (runtime,) = _ensure(engine, base.NAME, bottom, [RUNTIME])
        _ensure(engine, RUNTIME.reference, runtime, [FRONTEND, *RELEASES])
        database.result()


def release_digest(release: str) -> str:
    """The digest that the registry has for a release of the discounts service."""
    found = registry.digest("storedog/discounts", release)
    if found is None:
        raise LabError(f"the registry has no storedog/discounts:{release}; run lab/up again")
    return found


def _ensure(
    engine: docker.DockerClient, parent: str, parent_content: str, images: Sequence[Image]
) -> list[str]:
    """The content of each image, once it is in the registry."""
    contents = []
    for image in images:
        content = _content(image, parent_content)
        contents.append(content)
        if registry.labels(image.repository, image.tag).get(CONTENT) == content:
            continue
        if not _is_built(engine, image, content):
            arguments = {"BASE": parent} | ({"RELEASE": image.release} if image.release else {})
            build(engine, _SOURCES / image.name, image.reference, content=content, **arguments)
        _push(engine, image)
        say(f"{image.reference}: built and pushed")
    return contents


def _content(image: Image, parent: str) -> str:
    """A hash of everything that the image is made of."""
    digest = hashlib.sha256(f"{parent}\n{image.release}\n".encode())
    folder = _SOURCES / image.name
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(f"{path.relative_to(folder)}\n{path.stat().st_mode:o}\n".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _is_built(engine: docker.DockerClient, image: Image, content: str) -> bool:
    try:
        found = engine.images.get(image.reference)
    except ImageNotFound:
        return False
    return found.labels.get(CONTENT) == content


def build(
    engine: docker.DockerClient,
    folder: Path,
    tag: str,
    *,
    target: str = "",
    content: str = "",
    **arguments: str,
) -> None:
    """Builds a folder's image, or its stage `target`, labelled as the lab's.

    `arguments` are the build's.
    """
    stream = engine.api.build(
        path=str(folder),
        tag=tag,
        target=target,
        buildargs=arguments,
        labels={CONTENT: content},
        rm=True,
        forcerm=True,
        network_mode="host",
        decode=True,
    )
    _finish(stream, f"{tag} could not be built")


def _push(engine: docker.DockerClient, image: Image) -> None:
    repository = f"{registry.ADDRESS}/{image.repository}"
    stream = engine.api.push(repository, image.tag, stream=True, decode=True)
    pushed = [
        message["aux"]["Digest"]
        for message in _finish(stream, f"{image.reference} could not be pushed")
        if "Digest" in message.get("aux", {})
    ]
    held = registry.digest(image.repository, image.tag)
    if pushed != [held]:
        raise LabError(f"{image.reference}: pushed as {pushed}, but the registry has {held}")


def _finish(stream: Iterable[dict[str, Any]], failure: str) -> list[dict[str, Any]]:
    """All messages of a build or push; the SDK does not raise what went wrong in it."""
    messages = []
    for message in stream:
        messages.append(message)
        if "error" in message:
            output = "".join(str(m.get("stream", "")) for m in messages).splitlines()
            raise LabError("\n".join([f"{failure}: {message['error']}", *output[-10:]]))
    return messages
