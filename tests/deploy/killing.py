"""What happens between two calls of a run, and what is left of one that was killed there."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from tests.deploy.conftest import LIVE
from tests.deploy.fake_engine import FakeEngine, Killed
from tests.deploy.ways import STALE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.deploy.fake_machine import Machine

    # A run on a machine; it tells when its calls begin to count.
    Task = Callable[[Machine, Callable[[], None]], None]


class Between:
    """Does something after a call of a run, the n-th one since it was armed."""

    def __init__(self, calls: int, action: Callable[[FakeEngine], object]) -> None:
        self._calls, self._action = calls, action
        self._seen: int | None = None

    def arm(self) -> None:
        self._seen = 0

    @property
    def came(self) -> bool:
        return self._seen is not None and self._seen >= self._calls

    def __call__(self, engine: FakeEngine) -> None:
        if self._seen is not None:
            self._seen += 1
            if self._seen == self._calls:
                self._action(engine)


def killed(machine: Machine, task: Task) -> Iterator[Machine]:
    """What each run leaves that is killed after one of its calls, until one gets through."""
    for calls in count(1):
        left = machine.copy()
        left.between = death = Between(calls, FakeEngine.die)
        try:
            task(left, death.arm)
        except Killed:
            left.clock.sleep(STALE)
            yield left.copy()
        else:
            assert not death.came, "a run went on after its death"
            assert calls > 3
            return


def whole_release(machine: Machine, *beside: str) -> str | None:
    """The release that answers, where nothing but whole deployments and their containers is."""
    assert machine.statuses() == dict.fromkeys((LIVE, *beside), "running")
    live = machine.box(LIVE)
    assert live is not None
    release = machine.answer(LIVE)
    assert release == live.spec.labels["com.datadoghq.tags.version"]
    assert live.policy == "always"
    if live.spec.publish is not None:
        assert machine.answer_at(live.spec.publish) == release
    return release
