"""Which deployer a run has: a user's plugin's, else the one of the environment's platform."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from pytest_storedog_gate.deploy import Build, Deployer, Reach
    from pytest_storedog_gate.settings.file import Environment


def reach(config: pytest.Config) -> Reach:
    """Asks pytest's plugins, the gate's own last."""
    if not config.pluginmanager.has_plugin(_NAME):
        config.pluginmanager.register(_Platforms(), _NAME)

    def asked(
        environment: Environment,
        build: Build,
        progress: Callable[[str], None],
        redact: Callable[[str], str],
    ) -> AbstractContextManager[Deployer]:
        found = config.hook.pytest_storedog_deployer(
            environment=environment, build=build, progress=progress, redact=redact
        )
        return cast("AbstractContextManager[Deployer]", found)

    return asked


_NAME = "storedog-gate-platforms"


class _Platforms:
    @pytest.hookimpl(trylast=True)
    def pytest_storedog_deployer(
        self,
        environment: Environment,
        build: Build,
        progress: Callable[[str], None],
        redact: Callable[[str], str],
    ) -> AbstractContextManager[Deployer]:
        # With the engine's SDK, which a run that deploys nothing does not wait for.
        from pytest_storedog_gate.deploy.docker.deployer import connected  # noqa: PLC0415

        return connected(environment, build, progress, redact)
