"""Options of pytest and of other plugins with which a run could prove nothing, or not tell what."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable

# They end pytest with 0 although no test has run; those that list serve to look around.
_LISTING = ("collectonly", "setupplan")
_WITHOUT_RUNNING = (*_LISTING, "setuponly")
_REPEATING = {
    "looponfail": "-f runs tests again and again, and a deployment is decided on once",
    "count": "--count runs each test several times, and a check has one result in a batch",
}
_LEAVING_OUT = ("--ignore", "--ignore-glob", "--lf", "--noconftest")
# Settings that say which files hold tests: the project's own file says so, and nobody else.
_COLLECTING = ("testpaths", "norecursedirs", "python_files", "python_classes", "python_functions")


def decides(config: pytest.Config) -> bool:
    """Whether the run deploys or decides, and does not only check."""
    return bool(config.getoption("storedog_deploy") == "auto")


def lists(config: pytest.Config) -> bool:
    """Whether the run only lists tests, which it may if it decides nothing."""
    return not decides(config) and _given(config, _LISTING) is not None


def refuse(config: pytest.Config) -> None:
    """Raises UsageError for the first option that cannot be meant, with what to do instead."""
    if not lists(config) and (option := _given(config, _WITHOUT_RUNNING)):
        raise pytest.UsageError(
            f"--{option} runs no test, so it proves nothing; leave it out (also from "
            "PYTEST_ADDOPTS), or use --storedog-plan to see what a run would do"
        )
    if not decides(config):
        return
    remedy = "leave it out (also from PYTEST_ADDOPTS), or use --storedog-deploy=never"
    for option, why in _REPEATING.items():
        times = config.getoption(option, default=None)
        if times is True or (times or 0) > 1:
            raise pytest.UsageError(f"{why}; {remedy}")
    options = [flag for flag in _LEAVING_OUT if config.getoption(flag, default=None)]
    settings = [s.partition("=")[0].strip() for s in config.getoption("override_ini") or ()]
    options += [f"-o {name}" for name in settings if name in _COLLECTING]
    if options:
        raise pytest.UsageError(
            f"{options[0]} could leave out tests that ask for checks; {remedy} (where a project "
            "has no tests says norecursedirs in its own file)"
        )


def _given(config: pytest.Config, names: Iterable[str]) -> str | None:
    return next((name for name in names if config.getoption(name, default=None)), None)
