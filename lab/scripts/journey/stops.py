"""The main job as it is shown: releases go through staging to production, or do not."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import requests

from lab.scripts.machine import registry
from lab.scripts.progress import say
from lab.scripts.state import LAB, REPORTS, LabError, database_password, signing_key

if TYPE_CHECKING:
    from pathlib import Path

_LIST = "/services/discounts/discount"


@dataclass(frozen=True)
class Stop:
    """One run of the gate, the exit status that it must have, and what is live afterwards."""

    release: str
    environment: str
    status: int
    live: dict[str, str]

    @property
    def name(self) -> str:
        """What its reports are called."""
        return f"{self.environment}-{self.release}"


def reference(release: str) -> str:
    """The image of a release, as a user names it."""
    return f"{registry.ADDRESS}/storedog/discounts:{release}"


def run_gate(stop: Stop, *options: str, reports: Path = REPORTS, **environment: str) -> None:
    """Runs the gate as a user does; raises unless it ends with the status that it must have."""
    reports.mkdir(parents=True, exist_ok=True)
    command = [
        *(sys.executable, "-m", "pytest", *options),
        f"--storedog-env={stop.environment}",
        f"--storedog-image={reference(stop.release)}",
        f"--junitxml={reports / stop.name}.xml",
        f"--storedog-report={reports / stop.name}.json",
    ]
    say(f"{stop.release} -> {stop.environment}, which must exit with {stop.status}")
    print("  $ pytest " + " ".join(command[3:]), flush=True)
    secrets = {"STOREDOG_DB_PASSWORD": database_password()}
    if stop.environment == "staging":
        secrets["STOREDOG_SIGNING_KEY"] = signing_key()
    variables = os.environ | secrets | environment
    status = subprocess.run(command, cwd=LAB, env=variables, check=False).returncode
    if status != stop.status:
        raise LabError(
            f"{stop.release} in {stop.environment}: pytest must exit with {stop.status}, "
            f"and did with {status}; its output is above"
        )


def must_offer_discounts(environment: str, shop: str) -> None:
    """Raises unless the shop at that URL has its discounts."""
    answer = requests.get(shop + _LIST, timeout=10)
    if answer.status_code != requests.codes.ok:
        raise LabError(f"{answer.url} must answer 200, and answers {answer.status_code}")
    codes = {discount["code"] for discount in answer.json()}
    if "BFRIDAY" not in codes:
        raise LabError(f"the shop of {environment} must offer BFRIDAY, and offers {sorted(codes)}")
