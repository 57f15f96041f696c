"""What goes into a deployment and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from pytest_storedog_gate.deploy.references import ImageReference


@dataclass(frozen=True)
class Build:
    """Where the image comes from; it ends up in the labels of what is deployed."""

    commit: str | None = None
    number: str | None = None
    link: str | None = None


@dataclass(frozen=True)
class Deployment:
    """One digest put into one environment.

    `downtime` is the seconds in which nobody answered to the live name or address.
    """

    environment: str
    service: str
    image: ImageReference
    deploy_id: str
    previous_digest: str | None
    started: datetime
    finished: datetime
    downtime: float
