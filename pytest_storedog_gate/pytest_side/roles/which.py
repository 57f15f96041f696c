"""Which role this process has, unless it is a worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.gate.synthetics import Service
from pytest_storedog_gate.outlets.plain_text import long_line
from pytest_storedog_gate.pytest_side import exit_guard, refused_options
from pytest_storedog_gate.settings import load as gate_settings
from pytest_storedog_gate.settings.options import FLAGS, Options

if TYPE_CHECKING:
    from pytest_storedog_gate.pytest_side.roles.controller import Controller
    from pytest_storedog_gate.pytest_side.roles.looking import Historian, Lister, Planner
    from pytest_storedog_gate.settings.load import Settings

_NAME = "storedog-gate-controller"


def register(config: pytest.Config) -> None:
    """Makes this process the controller that its command line asks for."""
    if config.pluginmanager.is_blocked(_NAME):
        raise pytest.UsageError(f"-p no:{_NAME} leaves nobody to decide; leave it out")
    listing = refused_options.lists(config)
    said = {name: config.getoption(flag) for name, flag in FLAGS.items()}
    try:
        options = Options(config.rootpath, config.invocation_params.dir, **said)
        settings = gate_settings.load(options, listing=listing or options.history)
    except ConfigurationError as error:
        # What a file calls its keys, it calls them to the terminal too.
        lines = map(long_line, str(error).splitlines())
        raise pytest.UsageError("\n".join(lines)) from None
    looks = settings.plan or settings.history or listing
    role = (_looking if looks else _controller)(config, settings)
    config.pluginmanager.register(role, _NAME)


def _looking(config: pytest.Config, settings: Settings) -> Lister | Planner | Historian:
    from pytest_storedog_gate.pytest_side.roles import looking  # noqa: PLC0415

    if settings.history:
        return looking.Historian(config, settings)
    return (looking.Planner if settings.plan else looking.Lister)(config, settings)


def _controller(config: pytest.Config, settings: Settings) -> Controller:
    service = Service(settings)
    # Each is imported here, as a local service starts meanwhile, which takes as long.
    make: type[Controller]
    if config.getoption("dist", "no") != "no" and config.getoption("tx", None):
        from pytest_storedog_gate.pytest_side.roles.over_workers import OverWorkers  # noqa: PLC0415

        make = OverWorkers
    else:
        from pytest_storedog_gate.pytest_side.roles.in_process import InProcess  # noqa: PLC0415

        make = InProcess
    role = make(config, settings, service)
    exit_guard.finishes(config, role.finish)
    return role
