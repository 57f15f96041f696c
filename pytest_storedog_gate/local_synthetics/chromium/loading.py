"""Pages are loaded again where this machine's own network has cut them off."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, TypeVar

from playwright.async_api import Error

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

T = TypeVar("T")
_CUT_OFF = re.compile(
    "net::ERR_NETWORK_CHANGED"
    "|net::ERR_INTERNET_DISCONNECTED"
    # Chromium's own page about the failure, where that comes first; or its own second try.
    '|interrupted by another navigation to "chrome-error://'
    r'|Navigation to "([^"]+)" is interrupted by another navigation to "\1"'
)
_SETTLING = 0.1  # s for this machine's network


async def loaded(load: Callable[[], Awaitable[T]]) -> T:
    """What `load` gives, begun as often as it takes; its other errors are raised.

    Chromium cuts a load off when this machine's own network changes, as it does whenever a
    container comes or goes. That says nothing of the page.
    """
    while True:
        try:
            return await load()
        except Error as error:
            if not _CUT_OFF.search(str(error)):
                raise
            await asyncio.sleep(_SETTLING)
