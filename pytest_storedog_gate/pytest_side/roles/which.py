"""Which role this process has, unless it is a worker."""

from __future__ import annotations

import pytest

from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.pytest_side import exit_guard, refused_options
from pytest_storedog_gate.pytest_side.roles.controller import Controller
from pytest_storedog_gate.pytest_side.roles.in_process import InProcess
from pytest_storedog_gate.pytest_side.roles.looking import Lister, Planner
from pytest_storedog_gate.pytest_side.roles.over_workers import OverWorkers
from pytest_storedog_gate.settings import load as gate_settings
from pytest_storedog_gate.settings.options import FLAGS, Options

_NAME = "storedog-gate-controller"


def register(config: pytest.Config) -> None:
    """Makes this process the controller that its command line asks for."""
    if config.pluginmanager.is_blocked(_NAME):
        raise pytest.UsageError(f"-p no:{_NAME} leaves nobody to decide; leave it out")
    listing = refused_options.lists(config)
    said = {name: config.getoption(flag) for name, flag in FLAGS.items()}
    try:
        options = Options(config.rootpath, config.invocation_params.dir, **said)
        settings = gate_settings.load(options, listing=listing)
    except ConfigurationError as error:
        raise pytest.UsageError(str(error)) from None
    if settings.plan:
        role: object = Planner(config, settings)
    elif listing:
        role = Lister(config, settings)
    elif config.getoption("dist", "no") != "no" and config.getoption("tx", None):
        role = OverWorkers(config, settings)
    else:
        role = InProcess(config, settings)
    if isinstance(role, Controller):
        exit_guard.finishes(config, role.finish)
    config.pluginmanager.register(role, _NAME)
