"""The socket over which workers ask the controller: it answers all, and its end waits for none."""

from __future__ import annotations

import errno
import socket
import threading
from contextlib import ExitStack
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Listener
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.errors import NoVerdict
from pytest_storedog_gate.pytest_side import worker_questions
from pytest_storedog_gate.pytest_side.worker_questions import Answers, RemoteSource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_storedog_gate.datadog.models import CheckOutcome
    from pytest_storedog_gate.pytest_side.source import Census, Overrides, Tagged
    from pytest_storedog_gate.verdicts.rule import WatchVerdict

PATIENCE = 20.0  # s; what waits for nobody is done at once


class Knows:
    """A controller that knows one check."""

    def checks(self) -> list[Tagged]:
        return [("aaa-aaa-aaa", ("tag",))]

    def watches(self) -> list[str]:
        return []

    def watched(self, name: str) -> WatchVerdict:
        raise NotImplementedError(name)

    def counted(self, census: Census) -> None:
        raise NotImplementedError(census)

    def stopped(self) -> bool:
        return False

    def outcome(self, public_id: str) -> CheckOutcome:
        raise NoVerdict(f"nothing is known of {public_id}")

    def trigger(self, public_id: str, overrides: Overrides) -> CheckOutcome:
        raise NotImplementedError(public_id, overrides)


@pytest.fixture
def answers() -> Iterator[Answers]:
    made = Answers(Knows())
    yield made
    made.close()


def in_time(do: Callable[[], object]) -> None:
    """Does it in a thread, and fails where it does not end."""
    thread = threading.Thread(target=do, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    assert not thread.is_alive()


def connected(answers: Answers) -> socket.socket:
    client = socket.socket(socket.AF_UNIX)
    client.connect(answers.address)
    return client


@pytest.mark.parametrize("silent", [0, 1, 3, 100])
@pytest.mark.parametrize("asked", [0, 2])
def test_the_end_waits_for_nobody(answers: Answers, silent: int, asked: int) -> None:
    """Whoever has connected and says nothing, and whatever the accepting thread is at."""
    with ExitStack() as clients:
        for _ in range(silent):
            clients.enter_context(connected(answers))
        for _ in range(asked):
            RemoteSource(answers.address, answers.key).checks()
        in_time(answers.close)
        assert not Path(answers.address).exists()


def test_the_end_waits_for_nobody_however_often_it_is_told(answers: Answers) -> None:
    for _ in range(3):
        in_time(answers.close)


def test_many_ends_one_after_the_other() -> None:
    """The accepting thread is at another place each time."""

    def ends() -> None:
        for number in range(200):
            answers = Answers(Knows())
            clients = [connected(answers) for _ in range(number % 4)]
            answers.close()
            for client in clients:
                client.close()

    in_time(ends)


def test_who_says_nothing_keeps_no_other_waiting(answers: Answers) -> None:
    with connected(answers), connected(answers):
        found: list[list[Tagged]] = []
        in_time(lambda: found.append(RemoteSource(answers.address, answers.key).checks()))
        assert found == [[("aaa-aaa-aaa", ("tag",))]]


def test_who_does_not_know_the_key_is_not_answered(answers: Answers) -> None:
    with pytest.raises((AuthenticationError, EOFError, OSError)):
        Client(answers.address, "AF_UNIX", authkey=b"another")
    assert RemoteSource(answers.address, answers.key).stopped() is False


def test_an_error_of_the_gate_is_raised_at_the_worker(answers: Answers) -> None:
    with pytest.raises(NoVerdict, match="nothing is known of aaa-aaa-aaa"):
        RemoteSource(answers.address, answers.key).outcome("aaa-aaa-aaa")


@pytest.mark.parametrize("question", ["finish", "__init__", "pytest_runtest_logreport", "run"])
def test_nothing_else_of_the_controller_can_be_asked(answers: Answers, question: str) -> None:
    """A test in a worker could else report its own pass."""
    source = RemoteSource(answers.address, answers.key)
    with pytest.raises(NoVerdict, match=f"{question} is no question of a worker"):
        source._ask(question)


def test_a_fault_of_the_controller_is_told(answers: Answers) -> None:
    with pytest.raises(NoVerdict, match="could not answer: NotImplementedError"):
        RemoteSource(answers.address, answers.key).trigger("aaa-aaa-aaa", {})


def test_where_no_file_can_be_opened_the_next_try_comes_after_a_pause(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pauses: list[float] = []
    real = Listener.accept

    def accept(listener: Listener) -> object:
        if not pauses:
            raise OSError(errno.EMFILE, "Too many open files")
        return real(listener)

    monkeypatch.setattr(Listener, "accept", accept)
    monkeypatch.setattr(worker_questions, "time", SimpleNamespace(sleep=pauses.append))
    answers = Answers(Knows())
    in_time(lambda: RemoteSource(answers.address, answers.key).checks())
    in_time(answers.close)
    assert pauses[0] == worker_questions._PAUSE


def test_after_the_end_the_controller_is_gone(answers: Answers) -> None:
    early = RemoteSource(answers.address, answers.key)
    answers.close()
    with pytest.raises(NoVerdict, match="the controller is gone"):
        early.checks()
