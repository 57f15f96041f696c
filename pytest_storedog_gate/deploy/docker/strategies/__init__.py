"""How a verified candidate becomes live: one file a strategy, its name in this table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from pytest_storedog_gate.deploy.docker.strategies import recreate, rename

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_storedog_gate.deploy.docker.engine import Engine
    from pytest_storedog_gate.deploy.docker.names import Names
    from pytest_storedog_gate.deploy.docker.specification import Spec


class Strategy(Protocol):
    """Makes `spec` live while its candidate is ready, and leaves the deployment open.

    Opens the journal before it touches what is live. Returns the seconds without an answer. After
    it the previous container is stopped, and the live one is restarted by the engine.
    """

    def __call__(self, engine: Engine, names: Names, spec: Spec) -> float: ...


STRATEGIES: Mapping[str, Strategy] = {"recreate": recreate.swap, "rename": rename.swap}
