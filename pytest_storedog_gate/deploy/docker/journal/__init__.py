"""The journal of a deployment: the previous container, under its own name.

`.prev` exists exactly while a deployment has not been concluded, so that recovery after a crash,
clean-up after a failure and rollback are one function, `put_back`. It can itself be interrupted at
any call: giving the live name back is its last act on the previous container.

That container is stopped, and who clears an engine of what is stopped takes it away. So a volume
called `.open` bears witness, which says which container was live before.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from pytest_storedog_gate.deploy.docker import names as labels
from pytest_storedog_gate.deploy.docker import readiness
from pytest_storedog_gate.deploy.docker.journal.by_hand import by_hand
from pytest_storedog_gate.deploy.docker.traffic import edge
from pytest_storedog_gate.deploy.docker.traffic.stopping import drain_and_stop
from pytest_storedog_gate.errors import DeploymentFailed, GateError, NoVerdict, RollbackFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_storedog_gate.deploy.docker.container import Container
    from pytest_storedog_gate.deploy.docker.engine import Engine
    from pytest_storedog_gate.deploy.docker.names import Names
    from pytest_storedog_gate.deploy.docker.specification import Spec


def open_deployment(engine: Engine, names: Names, spec: Spec) -> None:
    """Moves what is live to the previous name; a placeholder stands there for nothing.

    Where an earlier version has that name still, as it could not be put back, it keeps it, and what
    is live goes: nothing proved that.
    """
    live = engine.find(names.live)
    if engine.find(names.previous) is not None:
        engine.remove(names.live)
        return
    engine.create_volume(names.witness, {**spec.owner, labels.PREVIOUS: live.id if live else ""})
    if live is None:
        engine.create(names.previous, spec.placeholder())
    else:
        _move(engine, live, names.previous)


def is_open(engine: Engine, names: Names) -> bool:
    """Whether what is live, if anything is, was never let through."""
    return engine.find(names.previous) is not None or _live_before(engine, names) is not None


def conclude(engine: Engine, names: Names) -> None:
    """Ends the open deployment in favour of what is live."""
    _forget(engine, names)
    engine.remove(names.previous)


def put_back(engine: Engine, names: Names) -> str | None:
    """Ends an open deployment in favour of the previous version.

    Returns what was done in a sentence, None where there was nothing to do. Raises
    `RollbackFailed` where the previous version does not become ready again.
    """
    try:
        previous = engine.find(names.previous)
        if previous is None or not previous.wanted:
            edge.revive(engine, names)
        done = _restore(engine, names, previous) if previous else _without(engine, names)
        if engine.find(names.candidate) is not None:
            engine.remove(names.candidate)
            done = done or f"removed {names.candidate}, a candidate that never had traffic"
        if (job := engine.find(names.job)) is not None:
            engine.stop(job.id)
            engine.remove(job.id)
            done = done or f"removed {names.job}, which a run that was broken off has left"
        _require_what_was_live(engine, names)
        _forget(engine, names)
    except GateError as error:
        raise RollbackFailed(
            f"the previous version of {names.live} could not be put back: {error}\n"
            f"{by_hand(engine, names)}"
        ) from error
    return done


@contextmanager
def undone_on_failure(engine: Engine, names: Names) -> Iterator[None]:
    """Puts the previous version back when the block fails, and adds to the error that it did.

    Raises `RollbackFailed` where it is not there any more, whoever took it away.
    """
    before = engine.find(names.live)
    try:
        yield
    except (DeploymentFailed, NoVerdict) as error:
        was_open = engine.find(names.previous) is not None
        put_back(engine, names)
        if before is not None and engine.find(before.id) is None:
            raise RollbackFailed(
                f"{error}\nThe previous version of {names.live} is gone: somebody else removed it. "
                f"{by_hand(engine, names)}"
            ) from error
        outcome = (
            f"The previous version of {names.live} was put back."
            if was_open
            else f"Nothing changed: {names.live} was not touched."
        )
        raise type(error)(f"{error}\n{outcome}") from error


def _without(engine: Engine, names: Names) -> str | None:
    """There is no previous container; nothing was live before, where the placeholder is gone."""
    if _live_before(engine, names) != "" or engine.find(names.live) is None:
        return None
    engine.remove(names.live)
    return f"removed {names.live}, whose first deployment was not concluded"


def _require_what_was_live(engine: Engine, names: Names) -> None:
    """Else somebody has taken that away, and what is live was never let through."""
    before, live = _live_before(engine, names), engine.find(names.live)
    if before is None or before == (live.id if live else ""):
        return
    raise DeploymentFailed(
        "it is gone from the engine, which somebody has cleared of what is stopped, as `docker "
        f"container prune` does; {'what answers was not let through' if live else 'nobody answers'}"
    )


def _live_before(engine: Engine, names: Names) -> str | None:
    """The ID of what was live before the open deployment, "" for nothing; None without witness."""
    return (engine.volume(names.witness) or {}).get(labels.PREVIOUS)


def _forget(engine: Engine, names: Names) -> None:
    if _live_before(engine, names) is not None:
        engine.remove_volume(names.witness)


def _restore(engine: Engine, names: Names, previous: Container) -> str:
    if labels.ABSENT in previous.labels:
        engine.remove(names.live)
        engine.remove(previous.id)
        return f"removed {names.live}, whose first deployment was not concluded"
    if previous.wanted:
        # As soon as nobody answers, an engine that starts anew has to start it.
        engine.set_restart_policy(previous.id, "always")
        # Its address is free only without the live one; else the live one answers until then.
        for holder in (names.spare_edge, names.edge, names.live):
            if (found := engine.find(holder)) is not None:
                if found.running and holder == names.live:
                    engine.stop(found.id)
                engine.remove(found.id)
    engine.start(previous.id)
    readiness.wait(engine, previous.id, names.previous)
    engine.keep_up(previous.id)
    _go_back(engine, names, previous)
    return f"put {previous.image} back as {names.live}"


def _go_back(engine: Engine, names: Names, previous: Container) -> None:
    """Gives the previous version the traffic, and lets what is live finish what is under way.

    What was live is a candidate then, and goes as one.
    """
    leaving = engine.find(names.live)
    if leaving is not None:
        engine.remove(names.candidate)
        _move(engine, leaving, names.candidate)
    else:
        leaving = engine.find(names.candidate)
    engine.rename(previous.id, names.live)
    edge.hand_over(engine, names, leaving)
    if leaving is not None:
        drain_and_stop(engine, leaving.id)


def _move(engine: Engine, container: Container, name: str) -> None:
    if container.status == "restarting":
        engine.stop(container.id)  # in between two starts an engine cannot rename it
    engine.rename(container.id, name)
