"""The history of a Deployment: the Lease's annotation has it, what is live the Deployment tells."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from lightkube.resources.apps_v1 import Deployment

from pytest_storedog_gate.deploy.history import (
    LET_THROUGH,
    NOT_RECORDED,
    Entry,
    History,
    as_text,
    with_entry,
)
from pytest_storedog_gate.deploy.kubernetes import journal, looking
from pytest_storedog_gate.deploy.references import ImageReference
from pytest_storedog_gate.errors import ConfigurationError, NoVerdict
from pytest_storedog_gate.reading import json_text

if TYPE_CHECKING:
    from pytest_storedog_gate.deploy.kubernetes.api.cluster import Cluster
    from pytest_storedog_gate.deploy.kubernetes.lease import Lock

_LARGEST = 200_000  # bytes; the annotations of an object have 256 KiB in all


def read(cluster: Cluster, lock: Lock, name: str, container: str) -> History:
    """What is remembered, and what is live in that container."""
    entries = _entries(lock)
    deployment = cluster.find(Deployment, name)
    if deployment is None:
        return History(entries)
    ready = (deployment.status.readyReplicas if deployment.status else None) or 0
    unfinished = journal.read(deployment).before is not None
    live = _live(deployment, container, entries)
    return History(entries, live, unfinished=unfinished, running=ready > 0)


def write(lock: Lock, entry: Entry) -> None:
    """Adds an entry, see `with_entry`."""
    before = _entries(lock)
    if (entries := with_entry(before, entry)) is not before:
        lock.note(as_text(entries, _LARGEST))


def _entries(lock: Lock) -> tuple[Entry, ...]:
    text = lock.history()
    if not text:
        return ()
    try:
        return tuple(map(Entry.from_json, json_text.loads(text)))
    except (ValueError, TypeError, AttributeError) as error:
        raise NoVerdict(
            f"the annotation of the Lease {lock.name} is no history that can be read ({error}): "
            f"begin another one, kubectl delete lease {lock.name}"
        ) from None


def _live(deployment: Deployment, container: str, entries: tuple[Entry, ...]) -> Entry | None:
    image = looking.images(deployment).get(container)
    if image is None:
        return None
    version = journal.read(deployment).version
    # What somebody else has put in since is not the version that the journal tells of.
    if version is not None and version.template != looking.fingerprint(deployment):
        version = None
    own = [e for e in entries if version is not None and e.deploy_id == version.deploy_id]
    if own:
        return next((entry for entry in own if entry.state == LET_THROUGH), own[0])
    try:
        reference = ImageReference.parse(version.image if version else image)
    except ConfigurationError:
        reference = ImageReference(image)
    if version is None:
        made = deployment.metadata.creationTimestamp if deployment.metadata else None
        return Entry(reference, made or datetime.now(UTC), NOT_RECORDED)
    return replace(
        Entry(reference, datetime.fromisoformat(version.when), NOT_RECORDED),
        deploy_id=version.deploy_id,
        commit=version.commit,
        build=version.build,
        link=version.link,
    )
