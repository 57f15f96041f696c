"""Managers that cannot agree have refused nothing."""

from __future__ import annotations

import pytest
from docker.errors import APIError

from pytest_storedog_gate.deploy.docker.engine.errors import engine_errors
from pytest_storedog_gate.deploy.swarm.manager import swarm_errors
from pytest_storedog_gate.errors import DeploymentFailed, NoVerdict

# As engines say it, and what that is.
WORDS = {
    "rpc error: code = Unknown desc = The swarm does not have a leader. It's possible that too few "
    "managers are online.": NoVerdict,
    "rpc error: code = DeadlineExceeded desc = context deadline exceeded": NoVerdict,
    "rpc error: code = Unavailable desc = connection refused": NoVerdict,
    "This node is not a swarm manager.": NoVerdict,
    "rpc error: code = InvalidArgument desc = ContainerSpec: image reference is empty": (
        DeploymentFailed
    ),
}


@pytest.mark.parametrize("text", WORDS)
def test_what_managers_say(text: str) -> None:
    with (
        pytest.raises(WORDS[text], match="unix:///engine"),
        engine_errors("unix:///engine", str),
        swarm_errors("unix:///engine", str),
    ):
        raise APIError("500", None, text)
