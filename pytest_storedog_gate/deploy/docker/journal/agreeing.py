"""What several targets have agreed on, as a volume on each engine: its label names what stays.

Nothing of a volume can be changed, so that the last one goes before the next one is made: what it
said has been done by then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_storedog_gate.deploy import agreed
from pytest_storedog_gate.deploy.docker import names as labels
from pytest_storedog_gate.errors import NoVerdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_storedog_gate.deploy.docker.engine import Engine
    from pytest_storedog_gate.deploy.docker.names import Names


def read(engine: Engine, names: Names) -> dict[str, str]:
    """See `agreed.read`."""
    said = (engine.volume(names.agreement) or {}).get(labels.AGREED)
    removing = f"{engine.way.docker} volume rm {names.agreement}"
    return agreed.read(said, f"the volume {names.agreement}", removing)


def write(
    engine: Engine, names: Names, owner: Mapping[str, str], deploy_ids: Mapping[str, str]
) -> None:
    """Notes the deploy IDs; NoVerdict where somebody else has such a volume."""
    said = {**owner, labels.AGREED: agreed.as_text(deploy_ids)}
    engine.remove_volume(names.agreement)
    if engine.create_volume(names.agreement, said) != said:
        raise NoVerdict(f"somebody else has made the volume {names.agreement}: run again")
