"""The conftest files of the documentation, in a project whose shop tells its digest."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from tests.repository import ROOT

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


def conftest_of(page: str) -> str:
    """The conftest.py that a page of the documentation shows."""
    text = (ROOT / "docs" / page).read_text("utf-8")
    found = re.search(r"```python\n(\"\"\"conftest\.py.*?)```", text, re.DOTALL)
    assert found is not None
    return found[1].replace("PATIENCE = 60", "PATIENCE = 3")


def configure(project: GateProject, *, on_failure: str = "keep") -> None:
    """Two environments of a shop, the second one behind the first."""
    project.configuration(_TOML.format(shop=project.shop.url, on_failure=on_failure))


def answers_with(project: GateProject, digest: str) -> None:
    """What the shop says that it is."""
    project.shop.answers["/version"] = (200, json.dumps({"digest": digest}))
