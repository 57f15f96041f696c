"""Images that an environment has deployed and needs no more go from its engine."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from pytest_storedog_gate.deploy.docker import names as labels
from pytest_storedog_gate.deploy.docker.journal.remembering import kept_by_others
from pytest_storedog_gate.deploy.history import kept
from pytest_storedog_gate.deploy.references import ImageReference
from pytest_storedog_gate.errors import GateError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_storedog_gate.deploy.docker.engine import Engine
    from pytest_storedog_gate.deploy.docker.names import Names
    from pytest_storedog_gate.deploy.environment import Environment, Service
    from pytest_storedog_gate.deploy.history import History


def prune(
    engine: Engine, environment: Environment, service: Service, names: Names, history: History
) -> Iterator[ImageReference]:
    """Removes those that are kept neither here nor elsewhere, and gives each that has gone.

    One stays that a container has, that somebody has tagged, that has another name as well, or that
    another run may be about to start. No image is worth an error.
    """
    repository = ImageReference.parse(service.image).repository
    needed = kept(history, environment.keep_images) | kept_by_others(engine, environment, names)
    # What was tried last is likely to be tried again.
    images = {entry.image.pinned: entry.image for entry in history.entries[1:]}
    for image in images.values():
        if image.repository != repository or image.digest in needed:
            continue
        with suppress(GateError):
            if _is_only_ours(engine, image) and not _others_deploy(engine, names, repository):
                engine.remove_image(image.pinned)
                yield image


def _others_deploy(engine: Engine, names: Names, repository: str) -> bool:
    """Whether another run is at work with such images: it may have one, and no container yet."""
    locks = (lock for lock in engine.running_with(labels.LOCK_HOLDER) if lock.name != names.lock)
    for said in (lock.labels for lock in locks):
        where = labels.Names(
            said.get(labels.ENVIRONMENT, ""),
            said.get(labels.SERVICE, ""),
            said.get(labels.PROJECT, ""),
        )
        live = engine.find(where.live)
        if live is not None and live.image.partition("@")[0] == repository:
            return True
    return False


def _is_only_ours(engine: Engine, image: ImageReference) -> bool:
    found = engine.image(image.pinned)
    if found is None or found.get("RepoTags"):
        return False
    return list(found.get("RepoDigests") or ()) == [image.pinned]
