"""Playwright's errors, as Datadog's failure codes of browser tests.

Codes: SyntheticsBrowserTestFailureCode of the v1 API.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_storedog_gate.local_synthetics.failures import CheckFailed

if TYPE_CHECKING:
    from playwright.async_api import Error

_CALL = re.compile(r"^[A-Z]\w+\.\w+: ")
_GONE = ("has been closed", "crashed", "Connection closed", "Browser closed")


def browser_is_gone(error: Error) -> bool:
    """Whether the page or the browser went away under the step."""
    return any(words in str(error) for words in _GONE)


def browser_failure(error: Error, code: str = "UNKNOWN") -> CheckFailed:
    """Name the failure behind an error; `code` where its text does not say more.

    Raises the error itself where the page is gone: its text does not say why.
    """
    if browser_is_gone(error):
        raise error
    text = _CALL.sub("", str(error).partition("\n")[0])
    if "net::ERR_CERT_" in text or "net::ERR_SSL_" in text:
        return CheckFailed("SERVER_CERTIFICATE", text)
    if "net::ERR_" in text:
        return CheckFailed("OPEN_URL", text)
    return CheckFailed(code, text)


def timed_out(seconds: float) -> CheckFailed:
    """The failure of a step that did not come to its end."""
    return CheckFailed(
        "STEP_TIMEOUT", f"Step failed because it took more than {seconds:g} seconds."
    )
