"""Which strategies there are: the gate's own, each a file, and those that packages bring."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.deploy.docker import strategies
from pytest_storedog_gate.deploy.environment import Address
from pytest_storedog_gate.errors import ConfigurationError
from tests.deploy.conftest import LIVE, deploy, recover, staging
from tests.documented import example, install

if TYPE_CHECKING:
    from tests.deploy.fake_machine import Machine

OWN = ("edge", "recreate", "rename")
PUBLISHED = {"shop": Address("127.0.0.1", 80)}
PAUSE = example("pausing_strategy.py")


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of installed packages."""
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def test_the_gates_own_are_files() -> None:
    assert strategies.names() == OWN
    for name in OWN:
        swap = strategies.find(name).swap
        assert Path(swap.__code__.co_filename).name == f"{name}.py"


@pytest.mark.parametrize("name", OWN)
def test_each_says_what_it_cannot_do(name: str) -> None:
    fault = strategies.find(name).fault
    assert fault(staging(name)) is None
    found = fault(staging(name, publish=PUBLISHED))
    assert (found is None) == (name != "rename")
    assert found is None or (found[0], "use strategy recreate" in found[1]) == ("publish", True)


def test_a_package_brings_one(packages: Path) -> None:
    install(packages, "pausing", "slow-pause = pausing_strategy", pausing_strategy=PAUSE)
    assert strategies.names() == (*OWN, "slow-pause")
    assert strategies.find("slow-pause").fault(staging()) is None


def test_what_it_leaves_is_mended(packages: Path, machine: Machine) -> None:
    """A package's strategy that breaks off, with an error of its own, in the middle."""
    text = PAUSE.replace("    time.sleep(0.1)\n", '    raise LookupError("its own")\n')
    install(packages, "breaking", "break = breaking_strategy", breaking_strategy=text)
    environment = staging("break")
    deploy(machine, staging("recreate"), machine.push("1"))
    with pytest.raises(LookupError, match="its own"):
        deploy(machine, environment, machine.push("2"))
    assert machine.answer(LIVE) is None
    assert recover(machine, environment) == f"put {machine.push('1').pinned} back as {LIVE}"
    assert machine.answer(LIVE) == "1"


def test_none_takes_the_place_of_the_gates_own(packages: Path) -> None:
    install(packages, "pausing", "rename = pausing_rename", pausing_rename=PAUSE)
    assert strategies.names() == OWN
    assert strategies.find("rename").fault(staging("rename", publish=PUBLISHED)) is not None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("import no_such_module", "No module named 'no_such_module'"),
        ("1 / 0", "division by zero"),
        ("def swap(): ...", "has no attribute 'fault'"),
        ("def fault(_): ...", "has no attribute 'swap'"),
    ],
)
def test_one_that_cannot_be_used(packages: Path, text: str, says: str) -> None:
    name = f"broken_{abs(hash(text))}"
    install(packages, "broken", f"odd = {name}", **{name: text})
    with pytest.raises(ConfigurationError, match=f"'odd' \\({name} of broken\\).*{says}"):
        strategies.find("odd")


def test_one_that_two_packages_bring(packages: Path) -> None:
    install(packages, "one", "odd = one_strategy", one_strategy=PAUSE)
    install(packages, "two", "odd = two_strategy", two_strategy=PAUSE)
    assert strategies.names() == (*OWN, "odd")
    with pytest.raises(ConfigurationError, match=r"not from 2 \(.*_strategy of .*, .* of "):
        strategies.find("odd")
