"""What a project's plugins and conftest files bring to a run, by the hooks of `hookspecs`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, cast

import pytest

from pytest_storedog_gate.deploy import platforms
from pytest_storedog_gate.errors import GateError, NoVerdict
from pytest_storedog_gate.gate.provided import Provided
from pytest_storedog_gate.pytest_side import lasted
from pytest_storedog_gate.pytest_side.reporting.terminal import repeating
from pytest_storedog_gate.verdicts.folder import VerdictFolder

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from pluggy import HookCaller

    from pytest_storedog_gate.deploy import Build, Deployer, Timing
    from pytest_storedog_gate.deploy.environment import Environment
    from pytest_storedog_gate.secrets.masking import Masker
    from pytest_storedog_gate.settings.load import Settings
    from pytest_storedog_gate.verdicts.record import Record
    from pytest_storedog_gate.verdicts.store import VerdictStore


def provided(config: pytest.Config) -> Provided:
    """Asks pytest's plugins, the gate's own last."""
    config.pluginmanager.register(_Own())  # without a name, so that no option blocks it
    hook = config.hook
    return Provided(
        partial(_deployer, hook.pytest_storedog_deployer),
        hook.pytest_storedog_verdict_store,
        _Proofs(config, hook.pytest_storedog_before_traffic),
        _Proofs(config, hook.pytest_storedog_after_checks),
        lasted.read(config),
        partial(_html, config),
    )


def _deployer(
    hook: HookCaller, *, environment: Environment, progress: Callable[[str], None], **facts: object
) -> AbstractContextManager[Deployer]:
    """What deploys to the environment; to each target goes what the hook gives for that one."""
    if not environment.targets:
        found = hook(environment=environment, progress=progress, **facts)
        return cast("AbstractContextManager[Deployer]", found)
    from pytest_storedog_gate.deploy import several  # noqa: PLC0415  # most have no targets

    return several.connected(environment, partial(hook, **facts), progress)


def _html(config: pytest.Config, record: Record) -> bytes:
    from pytest_storedog_gate.reports.html import html  # noqa: PLC0415  # few runs write a page

    return html(record, repeating(config))


def report(config: pytest.Config, record: Record, mask: Masker) -> list[str]:
    """Lets every plugin report the record; a line for each that says or raises something.

    All is decided: whatever one raises, the others are asked as well.
    """
    hook, said = config.hook.pytest_storedog_report, list[str]()
    plugins = [each.plugin for each in hook.get_hookimpls()]
    for plugin in plugins:
        others = [other for other in plugins if other is not plugin]
        only = config.pluginmanager.subset_hook_caller(hook.name, others)
        try:
            said += only(record=record, config=config)
        except BaseException as error:  # noqa: BLE001  # nor may sys.exit() of a report end the run
            said.append(f"no report of {_name(config, plugin)}: {_told(error)}")
    return [mask(str(line)) for line in said]


class _Own:
    """What the gate has itself: the platforms' deployers, and verdicts in a folder or signed."""

    @pytest.hookimpl(trylast=True)
    def pytest_storedog_deployer(
        self,
        environment: Environment,
        build: Build,
        progress: Callable[[str], None],
        redact: Callable[[str], str],
        timing: Timing,
    ) -> AbstractContextManager[Deployer]:
        platform = platforms.find(environment.platform)
        return platform.connected(environment, build, progress, redact, timing)

    @pytest.hookimpl(trylast=True)
    def pytest_storedog_verdict_store(self, settings: Settings) -> VerdictStore:
        if not (settings.promotion.signed or settings.signing):
            return VerdictFolder(settings.verdicts)
        # With cryptography, which takes longer to import than the gate itself.
        from pytest_storedog_gate.verdicts.attestation.opening import opened  # noqa: PLC0415

        return opened(settings)


class _Proofs:
    """All proofs of one hook. What is neither a pass nor one of our errors proves nothing."""

    def __init__(self, config: pytest.Config, hook: HookCaller) -> None:
        self._config, self._hook = config, hook

    def names(self) -> list[str]:
        return [_name(self._config, each.plugin) for each in self._hook.get_hookimpls()]

    def __call__(self, **facts: object) -> None:
        try:
            self._hook(**facts)
        except (GateError, KeyboardInterrupt):
            raise
        except BaseException as error:  # a skip and an exit as well
            raise NoVerdict(f"{self._hook.name} broke: {_told(error)}") from error


def _told(error: BaseException) -> str:
    return str(error) if isinstance(error, GateError) else f"{type(error).__name__}: {error}"


def _name(config: pytest.Config, plugin: object) -> str:
    """A plugin's name; a conftest file's is its path, from where the project is."""
    name = str(config.pluginmanager.get_name(plugin))
    return type(plugin).__name__ if name.isdecimal() else name.removeprefix(f"{config.rootpath}/")
