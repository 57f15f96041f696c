"""A report that is posted to a server, whose answer is a status and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import requests
from urllib3.exceptions import HTTPError

if TYPE_CHECKING:
    from collections.abc import Mapping

_TIMEOUT = 10.0  # s


class Unreachable(Exception):
    """The server did not answer; the text is the kind of error, which holds no secret."""


def post(url: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> int:
    """The status of the answer to a JSON body. Raises Unreachable."""
    try:
        # Nobody reads the rest of the answer, which may have no end.
        with requests.post(
            url,
            json=body,
            headers=dict(headers),
            timeout=_TIMEOUT,
            allow_redirects=False,
            stream=True,
        ) as answer:
            return answer.status_code
    # A host that no name can be is urllib3's own error.
    except (requests.RequestException, HTTPError) as error:
        raise Unreachable(type(error).__name__) from None
