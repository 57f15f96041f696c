"""A cluster that is silent for a while, as one whose API server is started anew: looks can wait."""

from __future__ import annotations

import time
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec, Protocol, TypeVar

from pytest_storedog_gate.deploy.kubernetes.api.errors import Unanswered

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE = 60.0  # s without an answer, after which a run gives up
AGAIN = 0.5  # s until the next attempt


class _Hears(Protocol):
    """`heard` is when the cluster has answered last, by the monotonic clock; at first -inf."""

    heard: float


Asker = TypeVar("Asker", bound=_Hears)
Asked = ParamSpec("Asked")
Answer = TypeVar("Answer")


def outlasted(
    look: Callable[Concatenate[Asker, Asked], Answer],
) -> Callable[Concatenate[Asker, Asked], Answer]:
    """For a call that may be made twice: it is made again while a known cluster does not answer.

    One that has never answered is not waited for, as its address may be wrong.
    """

    @wraps(look)
    def patient(asker: Asker, /, *args: Asked.args, **kwargs: Asked.kwargs) -> Answer:
        began = time.monotonic()
        while True:
            try:
                return look(asker, *args, **kwargs)
            except Unanswered:
                # It may answer others meanwhile, and not to this.
                if time.monotonic() - min(began, asker.heard) > PATIENCE:
                    raise
                time.sleep(AGAIN)

    return patient
