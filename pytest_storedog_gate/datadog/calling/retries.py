"""Whether a call is repeated, and after how long; what the service tells of its limit on calls.

A trigger that may have been accepted is never repeated: a second batch would be paid for, and would
have a verdict of its own.
"""

from __future__ import annotations

import math
import random
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import requests
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError, ProxyError

from pytest_storedog_gate.datadog.calling.bounded_exchange import Answer, Unreadable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LIMIT = 3  # as often as datadog-ci
# A limit on calls passes by itself; from the first wait on, they take half a minute and more.
_WHILE_LIMITED = 5
# As long is a server believed that says each time when the limit will have passed: where hundreds
# of runs share one, most of them are refused several times before it is their turn.
_TOLD_TO_WAIT = 1800.0  # s
# As long is an answer asked for again that cannot be read: a proxy's page, a broken body.
_UNREADABLE = 60.0  # s
_FIRST, _LONGEST = 0.5, 30.0  # s
# Without the server's word.
_RATE_LIMITED = 1.0
# A server's word is believed up to here: a mistaken header must not stop a pipeline for hours.
_BELIEVED = 120.0
# `X-RateLimit-Reset` holds seconds or a Unix time; no limit lasts for thirty years.
_UNIX_TIME = 1e9
_STRETCH, _STRETCHED_MOST = 1.5, 4.0


def pause(  # noqa: PLR0913  # an attempt and its end have that many parts
    attempt: int,
    method: str,
    answer: Answer | None,
    fault: requests.RequestException | None,
    again: Sequence[int] = (),
    *,
    spent: float = 0.0,
    patient: bool = False,
) -> float | None:
    """Seconds until attempt number `attempt` (from 0) is repeated; None if it is not.

    Either `answer` or `fault` tells how the attempt ended; the statuses in `again` are worth
    another one. `spent` is how long ago the first one began. The `patient` never give up on
    what cannot be read.
    """
    unreadable = isinstance(fault, Unreadable)
    limited = answer is not None and answer.status_code == 429
    wanted = _wanted(answer.headers) if answer is not None else None
    told = limited and wanted is not None
    limit = math.inf if unreadable or told else _WHILE_LIMITED if limited else LIMIT
    if answer is not None and answer.status_code in again:
        limit = LIMIT
    elif not _goes_by(method, answer, fault):
        limit = 0
    if attempt >= limit:
        return None
    usual = min(_LONGEST, (_RATE_LIMITED if limited else _FIRST) * 2 ** min(attempt, 10))
    # Clients that were refused together must not all come back together.
    jitter = random.uniform(0, usual / 2)  # noqa: S311  # no secret
    seconds = (usual if wanted is None else wanted) + jitter
    if told:
        return seconds if spent + seconds <= _TOLD_TO_WAIT else None
    return None if unreadable and not patient and spent + seconds > _UNREADABLE else seconds


def _goes_by(method: str, answer: Answer | None, fault: requests.RequestException | None) -> bool:
    """Whether it may be otherwise the next time, and asking again does no harm."""
    if isinstance(fault, Unreadable):
        return method == "GET"
    if answer is not None:
        return answer.status_code == 429 or (answer.status_code >= 500 and method == "GET")
    if isinstance(fault, requests.exceptions.SSLError):
        return False
    lost = isinstance(fault, requests.ConnectionError | requests.Timeout)
    broken = isinstance(fault, requests.exceptions.ChunkedEncodingError)
    return was_not_sent(fault) or ((lost or broken) and method == "GET")


def was_not_sent(fault: requests.RequestException | None) -> bool:
    """Whether there was no connection over which the call could have gone."""
    reason = fault.args[0] if fault and fault.args else None
    if isinstance(reason, MaxRetryError):
        reason = reason.reason
    return isinstance(reason, NewConnectionError | ConnectTimeoutError | ProxyError)


def _wanted(headers: Mapping[str, str]) -> float | None:
    """The seconds that the server asks for, if it does."""
    for name, read in (("Retry-After", _retry_after), ("X-RateLimit-Reset", reset)):
        try:
            seconds = read(headers[name])
        except (KeyError, ValueError, OverflowError):
            continue
        return min(max(seconds, 0.0), _BELIEVED)
    return None


def _retry_after(text: str) -> float:
    """RFC 9110, 10.2.3: seconds or a date."""
    if text.strip().isdecimal():
        return float(text)
    return parsedate_to_datetime(text).timestamp() - time.time()


def reset(text: str) -> float:
    """The seconds that `X-RateLimit-Reset` means. ValueError for what is no number."""
    value = float(text)
    if math.isnan(value):
        raise ValueError(text)
    return value - time.time() if value > _UNIX_TIME else value


class RateLimit:
    """Stretches the time between calls that are repeated, and never shortens it again."""

    def __init__(self) -> None:
        self._stretch = 1.0
        self._apart = 0.0

    def refused(self) -> None:
        """Takes note of an answer 429."""
        self._stretch = min(self._stretch * _STRETCH, _STRETCHED_MOST)

    def told(self, headers: Mapping[str, str]) -> None:
        """Takes note of how many calls are left, of the kind that is repeated, and how long."""
        try:
            left = float(headers["X-RateLimit-Remaining"])
            seconds = reset(headers["X-RateLimit-Reset"])
        except (KeyError, ValueError, OverflowError):
            return
        apart = seconds / max(left, 1.0)
        if math.isfinite(apart):
            self._apart = min(max(apart, 0.0), _LONGEST)

    def stretched(self, seconds: float) -> float:
        """How long to wait where one would wait for `seconds`."""
        return max(seconds * self._stretch, self._apart)
