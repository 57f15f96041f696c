"""What a person types, and does to an engine beside the gate."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.deploy.fake_engine import ENDPOINT, FakeEngine

if TYPE_CHECKING:
    from tests.deploy.fake_machine import Machine

_COMMANDS = re.compile(rf"docker -H {re.escape(ENDPOINT)} ([a-z][^;&,\n]*[^;&,\s])")


def clear(machine: Machine) -> None:
    """`docker container prune`."""
    for box in [box for box in machine.boxes if not box.running]:
        machine.remove(box)


def type_in(machine: Machine, text: str, *, after: str) -> None:
    """The commands that a text has after these words, up to the next choice, as they stand."""
    _, _, rest = text.partition(after)
    line = re.split(r"; |, or ", rest)[0]
    commands = _COMMANDS.findall(line)
    assert commands, text
    engine = FakeEngine(machine)
    for command in commands:
        match command.split():
            case ["start", name]:
                engine.start(name)
            case ["stop", name]:
                engine.stop(name)
            case ["update", "--restart", "always", name]:
                engine.set_restart_policy(name, "always")
            case ["rename", name, other]:
                engine.rename(name, other)
            case ["rm", "-f", *names]:
                for name in names:
                    assert machine.box(name), f"no such container: {name}"
                    engine.remove(name)
            case ["rm", name]:
                box = machine.box(name)
                assert box is not None
                assert not box.running
                engine.remove(name)
            case ["volume", "rm", name]:
                assert name in machine.made_volumes
                engine.remove_volume(name)
            case other:
                raise AssertionError(other)
