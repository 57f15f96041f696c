"""The journal of a deployment: an annotation of the Deployment, written with the images themselves.

It says what the gate has put there, and while that is not concluded, what was there before. So one
write opens a deployment, and a run that is killed anywhere leaves a Deployment that tells what it
is: the template that the gate has made, the one from before, or somebody else's.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from lightkube.resources.apps_v1 import Deployment

from pytest_storedog_gate.deploy.kubernetes import looking
from pytest_storedog_gate.deploy.kubernetes.api import silence
from pytest_storedog_gate.deploy.kubernetes.api.errors import Changed, Unanswered
from pytest_storedog_gate.errors import NoVerdict
from pytest_storedog_gate.reading import json_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_storedog_gate.deploy.kubernetes.api.cluster import Cluster
    from pytest_storedog_gate.deploy.kubernetes.lease import Lock

ANNOTATION = "storedog.gate/deployment"
_ATTEMPTS = 20  # the cluster writes the status of a Deployment many times in a rollout


@dataclass(frozen=True)
class Version:
    """What the gate has put into the Deployment. `template` is its fingerprint with that image.

    `commits_before` were live before it, the newest first.
    """

    image: str
    template: str
    deploy_id: str
    when: str
    commit: str | None = None
    build: str | None = None
    link: str | None = None
    commits_before: tuple[str, ...] = ()


@dataclass(frozen=True)
class Before:
    """What an open deployment has replaced: the images by container, and the version if it was."""

    images: Mapping[str, str]
    template: str
    version: Version | None = None


@dataclass(frozen=True)
class Journal:
    """`before` is there exactly while the deployment is not concluded.

    `agreed` are the deploy IDs by their targets that several targets have agreed on last.
    """

    version: Version | None = None
    before: Before | None = None
    agreed: Mapping[str, str] = field(default_factory=dict)


def read(deployment: Deployment) -> Journal:
    """NoVerdict where somebody has written something else there."""
    notes = (deployment.metadata.annotations if deployment.metadata else None) or {}
    text = notes.get(ANNOTATION)
    if text is None:
        return Journal()
    try:
        said = json_text.loads(text)
        before = said.get("before")
        return Journal(
            _version(said.get("version")),
            before and Before(before["images"], before["template"], _version(before["version"])),
            dict(said.get("agreed") or {}),
        )
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        name = looking.named(deployment)
        raise NoVerdict(
            f"the annotation {ANNOTATION} of {name} is no journal that can be read ({error}): see "
            f"what is live, and take it away with kubectl annotate deployment/{name} {ANNOTATION}-"
        ) from None


def open_deployment(
    cluster: Cluster,
    lock: Lock,
    found: Deployment,
    version: Version,
    images: Mapping[str, str],
) -> Deployment:
    """Puts the images in, and notes what was there, in one write.

    Where an earlier version could not be put back, that is what was there. `Changed` where somebody
    else was faster.
    """
    now = read(found)
    old = {name: image for name, image in looking.images(found).items() if name in images}
    before = now.before or Before(old, looking.fingerprint(found), now.version)
    return _write(cluster, lock, found, Journal(version, before), images)


def agree(cluster: Cluster, lock: Lock, found: Deployment, deploy_ids: Mapping[str, str]) -> None:
    """Notes what all targets have agreed on, in the place of what was noted before."""
    _write(cluster, lock, found, replace(read(found), agreed=deploy_ids), {})


def put_images_back(cluster: Cluster, lock: Lock, found: Deployment, before: Before) -> Deployment:
    """The deployment stays open: that the version from before answers is not proved yet."""
    return _write(cluster, lock, found, read(found), before.images)


def close(cluster: Cluster, lock: Lock, found: Deployment, version: Version | None) -> Deployment:
    """Ends an open deployment: the version stays, or None where it is not the gate's."""
    return _write(cluster, lock, found, Journal(version, agreed=read(found).agreed), {})


def standing(found: Deployment) -> Version | None:
    """The version that is live, concluded or not; None where nothing of the gate's is."""
    said, now = read(found), looking.fingerprint(found)
    versions = (said.version, said.before.version if said.before else None)
    return next((one for one in versions if one is not None and one.template == now), None)


def change(deployment: Deployment, journal: Journal, images: Mapping[str, str]) -> dict[str, Any]:
    """A patch that holds only for this very state of the Deployment."""
    empty = journal == Journal()
    metadata: dict[str, Any] = {
        "resourceVersion": deployment.metadata and deployment.metadata.resourceVersion,
        "annotations": {ANNOTATION: None if empty else json.dumps(asdict(journal))},
    }
    containers = [{"name": name, "image": image} for name, image in images.items()]
    spec = {"template": {"spec": {"containers": containers}}}
    return {"metadata": metadata, **({"spec": spec} if containers else {})}


def with_images(deployment: Deployment, images: Mapping[str, str]) -> str:
    """The fingerprint of its template with these images."""
    return looking.fingerprint(looking.copy_with(deployment, images))


def _write(
    cluster: Cluster, lock: Lock, found: Deployment, journal: Journal, images: Mapping[str, str]
) -> Deployment:
    """Where only the status or the scale has changed since, it is written all the same.

    So it is where no answer came, unless it was done then.
    """
    name, began = looking.named(found), time.monotonic()
    seen = (looking.fingerprint(found), read(found))
    changed = 0
    while changed < _ATTEMPTS:
        lock.require()
        try:
            return cluster.patch(Deployment, name, change(found, journal, images))
        except (Changed, Unanswered) as error:
            found = cluster.get(Deployment, name)
            if read(found) == journal and images.items() <= looking.images(found).items():
                return found
            if (looking.fingerprint(found), read(found)) != seen:
                raise
            if isinstance(error, Changed):
                changed += 1
            elif time.monotonic() - began > silence.PATIENCE:
                raise
            else:
                lock.pause(silence.AGAIN)
    raise NoVerdict(
        f"{name} is changed by others all the time, so that nothing could be written; see who it is"
    )


def _version(said: dict[str, Any] | None) -> Version | None:
    if said is None:
        return None
    found = Version(**said)
    return replace(found, commits_before=tuple(found.commits_before))
