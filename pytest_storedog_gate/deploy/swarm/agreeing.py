"""What several targets have agreed on, as a label of each service: it names what stays.

A Swarm changes a label alone without a new task.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_storedog_gate.deploy import agreed
from pytest_storedog_gate.deploy.docker import names as labels
from pytest_storedog_gate.deploy.swarm.journal import Journal
from pytest_storedog_gate.deploy.swarm.remembering import runs_what_its_labels_say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_storedog_gate.deploy.swarm.models import Service, Spec


def standing(service: Service) -> str | None:
    """The deploy ID of what is live, concluded or not; None where somebody else has updated it."""
    if Journal.overtaken(service) or not runs_what_its_labels_say(service):
        return None
    return service.labels.get(labels.DEPLOY_ID) or None


def read(service: Service) -> dict[str, str]:
    """See `agreed.read`."""
    removing = f"docker service update --label-rm {labels.AGREED} {service.name}"
    where = f"the label {labels.AGREED} of {service.name}"
    return agreed.read(service.labels.get(labels.AGREED), where, removing)


def noted(service: Service, deploy_ids: Mapping[str, str]) -> Spec:
    """The service with the deploy IDs that stay, in the place of those of before."""
    said = {**service.labels, labels.AGREED: agreed.as_text(deploy_ids)}
    return {**service.spec, "Labels": said}
