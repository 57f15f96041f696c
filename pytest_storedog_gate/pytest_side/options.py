"""What pytest's command line says about a run of the gate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_storedog_gate.settings.options import FLAGS, Options

if TYPE_CHECKING:
    import pytest


def given(config: pytest.Config) -> Options:
    """The gate's options; ConfigurationError where one of them is nothing known."""
    said = {name: config.getoption(flag) for name, flag in FLAGS.items()}
    return Options(config.rootpath, config.invocation_params.dir, **said)
