"""What a person does when the previous version cannot be put back, by what is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_storedog_gate.deploy.docker import names as labels
from pytest_storedog_gate.errors import GateError

if TYPE_CHECKING:
    from pytest_storedog_gate.deploy.docker.container import Container
    from pytest_storedog_gate.deploy.docker.engine import Engine
    from pytest_storedog_gate.deploy.docker.names import Names


def by_hand(engine: Engine, names: Names) -> str:
    """Sentences with commands that can be typed as they stand; each stops where one fails."""
    docker = engine.way.docker
    see = f"A person is needed. See what is left: {docker} ps -a --filter name={names.live}"
    try:
        live, previous = engine.find(names.live), engine.find(names.previous)
        edge, candidate = engine.find(names.edge), engine.find(names.candidate)
        witness = engine.volume(names.witness) or {}
    except GateError:  # it does not even answer
        return see
    if previous is None:
        return f"{see}; {_without(docker, names, live, witnessed=labels.PREVIOUS in witness)}"
    if labels.ABSENT in previous.labels:
        steps = [f"rm -f {each.name}" for each in (live, previous) if each is not None]
        return f"{see}; nothing was live before, so take away what is: {_typed(docker, steps)}"
    back = [f"start {names.previous}", f"update --restart always {names.previous}"]
    clear = [f"rm -f {names.candidate}"] if candidate is not None else []
    named = [f"rename {names.previous} {names.live}"]
    if previous.wanted:  # its address is free only without what has it now
        clear += [f"rm -f {names.edge}"] if edge is not None else []
        clear += [f"stop {names.live}"] if live is not None else []
        gone = [f"rm {names.live}"] if live is not None else []
        steps = [*clear, *back, *gone, *named]
    elif live is not None:
        away = [f"rename {names.live} {names.candidate}"]
        steps = [*clear, *back, *away, *named, f"rm -f {names.candidate}"]
    else:
        steps = [*clear, *back, *named]
    return (
        f"{see}; read {docker} logs {names.previous}; then put it back: {_typed(docker, steps)}; "
        "or run again with a version that works: it replaces both"
    )


def _without(docker: str, names: Names, live: Container | None, *, witnessed: bool) -> str:
    again = "run again with a version that works"
    if live is None:
        return f"nothing is left of {names.live}: {again}"
    settled = [f"volume rm {names.witness}"] if witnessed else []
    kept = f"or keep it with {_typed(docker, settled)}" if settled else "or keep it"
    return (
        f"{names.live} is what was not let through: take it away with "
        f"{_typed(docker, [f'rm -f {names.live}', *settled])}, {kept}; then {again}"
    )


def _typed(docker: str, steps: list[str]) -> str:
    return " && ".join(f"{docker} {step}" for step in steps)
