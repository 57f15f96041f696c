"""A project whose shop tells its digest, for the conftest files of the documentation."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.documented import example

if TYPE_CHECKING:
    from tests.conftest import GateProject

OLD, NEW = (f"sha256:{letter * 64}" for letter in "ab")
IMAGE = f"--storedog-image=r.example/shop@{NEW}"
_TOML = """\
verdicts = "verdicts"
[synthetics]
backend = "local"
definitions = ["*.synthetics.json"]
batch_timeout = 30

[services.shop]
image = "r.example/shop"

[environments.staging]
gate = "shop"
services = ["shop"]
on_failure = "{on_failure}"
checks = ["dis-cou-nts", "hea-lth-chk"]
overrides = {{ variables = {{ SHOP = "{shop}" }} }}

[environments.production]
requires = "staging"
gate = "shop"
services = ["shop"]
on_failure = "{on_failure}"
checks = ["dis-cou-nts"]
overrides = {{ variables = {{ SHOP = "{shop}" }} }}
"""


def watching_conftest() -> str:
    """The documented deployer that watches what another tool deploys; it soon gives up."""
    return example("what another tool deploys").replace("PATIENCE = 60", "PATIENCE = 3")


def configure(project: GateProject, *, on_failure: str = "keep") -> None:
    """Two environments of a shop, the second one behind the first."""
    project.configuration(_TOML.format(shop=project.shop.url, on_failure=on_failure))


def answers_with(project: GateProject, digest: str) -> None:
    """What the shop says that it is."""
    project.shop.answers["/version"] = (200, json.dumps({"digest": digest}))
