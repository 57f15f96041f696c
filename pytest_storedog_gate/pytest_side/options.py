"""What pytest's command line says about a run of the gate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_storedog_gate.settings.options import Options

if TYPE_CHECKING:
    import pytest


def given(config: pytest.Config) -> Options:
    """The gate's options; ConfigurationError where one of them is nothing known."""
    option = config.getoption
    return Options(
        environment=option("storedog_env"),
        root=config.rootpath,
        folder=config.invocation_params.dir,
        config=option("storedog_config"),
        image=option("storedog_image"),
        deploy=option("storedog_deploy"),
        plan=option("storedog_plan"),
        lock_wait=option("storedog_lock_wait"),
        report=option("storedog_report"),
        public_ids=tuple(option("synthetics_id")),
        search=tuple(option("synthetics_search")),
        files=tuple(option("synthetics_files")),
        backend=option("synthetics_backend"),
        url=option("synthetics_url"),
    )
