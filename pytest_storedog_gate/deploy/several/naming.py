"""What is done at each target, and the errors, which name theirs."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from pytest_storedog_gate.errors import ExitStatus, GateError, NoVerdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

T = TypeVar("T")
R = TypeVar("R")

_WORST_FIRST = (
    ExitStatus.ROLLBACK_FAILED,
    ExitStatus.CLOSED,
    ExitStatus.INCONCLUSIVE,
    ExitStatus.LOCKED,
    ExitStatus.USAGE,
)


@contextmanager
def named(target: str) -> Iterator[None]:
    """The block's errors begin with the target's name."""
    try:
        yield
    except GateError as error:
        raise type(error)(f"{target}: {error}") from error


def at_each(targets: Mapping[str, T], do: Callable[[T], R]) -> dict[str, R]:
    """What it gives for each of them, one after the other; the first error ends it."""
    done = {}
    for target, one in targets.items():
        with named(target):
            done[target] = do(one)
    return done


def at_all(
    targets: Mapping[str, T], do: Callable[[T], R], *, broken: type[GateError] = NoVerdict
) -> dict[str, R]:
    """The same, and all have their turn: one error, the worst, then tells of each of them.

    It tells of the others too what was done there, where that is a sentence. Where one raises what
    is no error of the gate's, as a project's own deployer may, it is `broken`.
    """
    done: dict[str, R] = {}
    faults: list[GateError] = []
    for target, one in targets.items():
        try:
            with named(target):
                done[target] = do(one)
        except GateError as error:
            faults.append(error)
        except Exception as error:  # noqa: BLE001  # the others have their turn all the same
            why = f"{target}: its deployer broke ({type(error).__name__}: {error})"
            faults.append(broken(f"{why}: see what runs there, and mend it"))
    if faults:
        worst = min(faults, key=lambda fault: _WORST_FIRST.index(fault.exit_status))
        said = [f"{target}: {told}" for target, told in done.items() if isinstance(told, str)]
        raise type(worst)("\n".join([*map(str, faults), *said])) from worst
    return done


def reverse(targets: Mapping[str, T]) -> dict[str, T]:
    """The last one first."""
    return dict(reversed(list(targets.items())))
