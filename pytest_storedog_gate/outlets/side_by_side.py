"""Requests that leave this process side by side, as most of their time is a wait for others."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

T = TypeVar("T")
R = TypeVar("R")


def side_by_side(ask: Callable[[T], R], those: Iterable[T], *, at_once: int) -> list[R]:
    """What `ask` gives for each of those, for as many `at_once`.

    Raises what the first of them in order has raised. Nobody waits for the others then, nor after a
    Ctrl-C, as an executor would: a service that is busy may keep each of them for minutes.
    """
    answers: list[tuple[T, Future[R]]] = [(one, Future()) for one in those]
    left = iter(answers)  # it gives each of them to one thread alone

    def work() -> None:
        for one, answer in left:
            if answer.set_running_or_notify_cancel():
                try:
                    answer.set_result(ask(one))
                except BaseException as error:  # noqa: BLE001  # raised where it is waited for
                    answer.set_exception(error)

    for _ in range(min(at_once, len(answers))):
        threading.Thread(target=work, daemon=True).start()
    try:
        return [answer.result() for _, answer in answers]
    finally:
        for _, answer in answers:
            answer.cancel()
