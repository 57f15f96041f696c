"""What was there before comes back, by what the Deployment itself tells.

So it does after a run that was killed, after a failure, and after checks that did not pass.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_storedog_gate.deploy.kubernetes import journal, looking, preview, rollout
from pytest_storedog_gate.deploy.kubernetes.rollout import Goal
from pytest_storedog_gate.errors import GateError, RollbackFailed

if TYPE_CHECKING:
    from lightkube.resources.apps_v1 import Deployment

    from pytest_storedog_gate.deploy.kubernetes.deployer import Site
    from pytest_storedog_gate.deploy.kubernetes.journal import Before

# What was there before is known to work, and what is refused may take its time to end.
_AT_LEAST = 120.0  # s


def put_back(site: Site) -> str | None:
    """Ends an open deployment in favour of what was there before, and proves that this answers.

    Returns what was done in a sentence, None where there was nothing to do. What somebody else has
    put in is left as it is.
    """
    try:
        site.lock.require()
        previews = site.previews
        removed = preview.remove(site.cluster, site.lock, site.target) if previews else None
        done = _put_back(site)
    except RollbackFailed:
        raise
    except GateError as error:
        raise RollbackFailed(
            f"what was live before in {site.target.deployment} could not be put back: {error}\n"
            f"{by_hand(site)}"
        ) from error
    return done or removed


def is_open(site: Site) -> bool:
    """Whether a deployment is, as far as can be seen: then what was before has to come back."""
    try:
        return journal.read(site.deployment()).before is not None
    except GateError:
        return True


def by_hand(site: Site) -> str:
    """What a person does."""
    kubectl, name = site.cluster.kubectl, site.target.deployment
    return (
        f"A person is needed. See what is there: {kubectl} describe deployment/{name}, and "
        f"{kubectl} rollout history deployment/{name}; then {kubectl} rollout undo "
        f"deployment/{name} and {kubectl} annotate deployment/{name} {journal.ANNOTATION}-, or run "
        "again with a version that works: it replaces what is there"
    )


def _put_back(site: Site) -> str | None:
    cluster, name = site.cluster, site.target.deployment
    # ConfigurationError where somebody has deleted it, which nobody can put back from here.
    found = site.deployment()
    said = journal.read(found)
    before, version = said.before, said.version
    if before is None:
        return None
    now = looking.fingerprint(found)
    if now not in (before.template, version.template if version else None):
        return _left_as_it_is(site, found, before)
    if now != before.template:
        found = journal.put_images_back(cluster, site.lock, found, before)
    goal = Goal(
        site.workload,
        before.images,
        before.template,
        (found.metadata.generation if found.metadata else None) or 0,
        max(site.target.timeout, _AT_LEAST),
    )
    arrived = rollout.wait(cluster, site.lock, goal)
    journal.close(cluster, site.lock, arrived.look.deployment, before.version)
    return f"put {', '.join(dict.fromkeys(before.images.values()))} back as {name}"


def _left_as_it_is(site: Site, found: Deployment, before: Before) -> str:
    """Somebody else's template: where our image is in it still, nobody but they can take it out."""
    said = journal.read(found)
    name = site.target.deployment
    images = {looking.images(found).get(container, "") for container in before.images}
    if said.version is not None and said.version.image.partition("@")[2] in {
        image.partition("@")[2] for image in images
    }:
        raise RollbackFailed(
            f"{name} runs {said.version.image}, which was not let through, and somebody else has "
            f"changed its template since, so that it was not put back.\n{by_hand(site)}"
        )
    journal.close(site.cluster, site.lock, found, None)
    return (
        f"{name} was left as it is: somebody else has put {', '.join(sorted(images))} in since the "
        "deployment that was not concluded"
    )
