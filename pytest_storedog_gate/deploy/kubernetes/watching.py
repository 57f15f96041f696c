"""Looking at what has the traffic, once it is promoted."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pytest_storedog_gate.deploy.kubernetes import looking, proof
from pytest_storedog_gate.errors import ConfigurationError, DeploymentFailed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_storedog_gate.deploy.kubernetes.deployer import Site
    from pytest_storedog_gate.deploy.kubernetes.looking import Look
    from pytest_storedog_gate.errors import GateError

_INTERVAL = 1.0  # s between two looks
_IN_A_ROW = 5  # looks that are not good; a change of scale takes some seconds


def looks(site: Site) -> Iterator[Mapping[str, GateError | None]]:
    """See `Watches`. A restart counts at once, and what may settle after some looks."""
    first: Look | None = None
    bad = 0
    while True:
        try:
            look = looking.look(site.cluster, site.workload)
            first = first or look
            wrong = proof.astray(look, {})
            restarted = list(_restarted(first, look))
        except ConfigurationError as error:
            yield {site.service.name: DeploymentFailed(str(error))}
            bad = 0
            continue
        bad = bad + 1 if wrong else 0
        if look.template != first.template:
            wrong, bad = ["somebody else has changed its template"], _IN_A_ROW
        if restarted or bad >= _IN_A_ROW:
            told = "; ".join(restarted or wrong)
            name = site.target.deployment
            yield {site.service.name: DeploymentFailed(f"{name} does not run as it did: {told}")}
        else:
            yield {} if bad else {site.service.name: None}
        time.sleep(_INTERVAL)


def _restarted(first: Look, look: Look) -> Iterator[str]:
    counts = looking.restarts(first)
    for name, count in looking.restarts(look).items():
        if count > counts.get(name, 0):
            yield f"{name} has restarted"
