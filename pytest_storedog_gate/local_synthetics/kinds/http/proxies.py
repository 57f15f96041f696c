"""The proxy that a test names (`config.request.proxy`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from pytest_storedog_gate.local_synthetics.failures import CheckFailed
from pytest_storedog_gate.local_synthetics.kinds.common import allowed, request_values
from pytest_storedog_gate.secrets.places import mask_url

if TYPE_CHECKING:
    import ssl

    from pytest_storedog_gate.local_synthetics.definitions.definition import Json
    from pytest_storedog_gate.local_synthetics.variables.variables import Variables

_WHERE = "config.request.proxy"


def unsupported_proxy(request: Json, _key: str) -> list[str]:
    """Refuse all but a URL and headers."""
    proxy = request.get("proxy") or {}
    if not isinstance(proxy, dict):
        return [f"{_WHERE} must be an object"]
    if not proxy:
        return []
    return allowed.needed_text(proxy, "url", _WHERE) + allowed.texts(proxy, "headers", _WHERE)


def proxy_of(request: Json, variables: Variables, tls: ssl.SSLContext) -> httpx.Proxy | None:
    """The proxy, to which `tls` is for an https URL. Its credentials join the secrets.

    Raises CheckFailed.
    """
    wanted = request.get("proxy")
    if not wanted:
        return None
    url = variables.fill(wanted["url"])
    headers = request_values.named_texts(wanted, "headers", variables)
    parsed = request_values.checked_url(url, variables, "a proxy's URL")
    context = tls if parsed.scheme == "https" else None
    try:
        return httpx.Proxy(parsed, ssl_context=context, headers=headers)
    except UnicodeError as error:
        raise CheckFailed("INVALID_REQUEST", f"{mask_url(url)!r}: {error}") from None
