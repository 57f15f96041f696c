"""What several targets have agreed on, as a text that a platform keeps: it names what stays."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pytest_storedog_gate.errors import NoVerdict
from pytest_storedog_gate.reading import json_text

if TYPE_CHECKING:
    from collections.abc import Mapping


def as_text(deploy_ids: Mapping[str, str]) -> str:
    """The deploy IDs by their targets."""
    return json.dumps(dict(deploy_ids))


def read(text: str | None, where: str, removing: str) -> dict[str, str]:
    """The deploy IDs by their targets, empty for none; NoVerdict where others have written it.

    `where` it was kept, and the command for `removing` it, are for people.
    """
    if text is None:
        return {}
    try:
        return {str(target): str(one) for target, one in json_text.loads(text).items()}
    except (ValueError, AttributeError) as error:
        raise NoVerdict(
            f"{where} cannot be read ({error}): see that all targets run the same version, and "
            f"take it away with {removing}"
        ) from None
