"""What the CI system says about this run, as the batch's metadata.

The names and the metadata's shape are datadog-ci's, for Drone.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_MESSAGE_LIMIT = 500


def metadata(environ: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """The trigger's `metadata`; empty outside of Drone."""
    if not environ.get("DRONE"):
        return {}
    number = environ.get("DRONE_BUILD_NUMBER", "")
    tree = {
        "ci": {
            "provider": {"name": "drone"},
            "pipeline": {
                "number": int(number) if number.isdecimal() else None,
                "url": environ.get("DRONE_BUILD_LINK"),
            },
            "job": {"name": environ.get("DRONE_STEP_NAME")},
            "stage": {"name": environ.get("DRONE_STAGE_NAME")},
            "workspace_path": environ.get("DRONE_WORKSPACE"),
        },
        "git": {
            "branch": environ.get("DRONE_BRANCH"),
            "tag": environ.get("DRONE_TAG"),
            "repository_url": environ.get("DRONE_GIT_HTTP_URL"),
            "commit": {
                "sha": environ.get("DRONE_COMMIT_SHA"),
                "message": environ.get("DRONE_COMMIT_MESSAGE", "")[:_MESSAGE_LIMIT],
                "author": {
                    "name": environ.get("DRONE_COMMIT_AUTHOR_NAME"),
                    "email": environ.get("DRONE_COMMIT_AUTHOR_EMAIL"),
                },
            },
        },
    }
    return _without_empty(tree)


def _without_empty(tree: Mapping[str, Any]) -> dict[str, Any]:
    pruned = {
        key: _without_empty(value) if isinstance(value, dict) else value
        for key, value in tree.items()
    }
    return {key: value for key, value in pruned.items() if value not in (None, "", {})}
