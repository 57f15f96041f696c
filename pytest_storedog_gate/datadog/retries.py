"""Whether a call is repeated, and after how long.

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

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LIMIT = 3  # as often as datadog-ci
_FIRST, _LONGEST = 0.5, 30.0  # s
# Without the server's word; datadog-ci waits from 5 to 10 s.
_RATE_LIMITED = 5.0
# A server's word is believed up to here: a mistaken header must not stop a pipeline for hours.
_BELIEVED = 120.0
# `X-RateLimit-Reset` holds seconds or a Unix time; no limit lasts for thirty years.
_UNIX_TIME = 1e9


def pause(
    attempt: int,
    method: str,
    answer: requests.Response | None,
    fault: requests.RequestException | None,
    again: Sequence[int] = (),
) -> float | None:
    """Seconds until attempt number `attempt` (from 0) is repeated; None if it is not.

    Either `answer` or `fault` tells how the attempt ended; the statuses in `again` are worth
    another one.
    """
    asked_again = answer is not None and answer.status_code in again
    if attempt >= LIMIT or not (asked_again or _may_be_repeated(method, answer, fault)):
        return None
    limited = answer is not None and answer.status_code == 429
    usual = min(_LONGEST, (_RATE_LIMITED if limited else _FIRST) * 2**attempt)
    # Clients that were refused together must not all come back together.
    jitter = random.uniform(0, usual / 2)  # noqa: S311  # no secret
    wanted = _wanted(answer.headers) if answer is not None else None
    return (usual if wanted is None else wanted) + jitter


def _may_be_repeated(
    method: str, answer: requests.Response | None, fault: requests.RequestException | None
) -> bool:
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
    for name, read in (("Retry-After", _retry_after), ("X-RateLimit-Reset", _reset)):
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


def _reset(text: str) -> float:
    value = float(text)
    if math.isnan(value):
        raise ValueError(text)
    return value - time.time() if value > _UNIX_TIME else value
