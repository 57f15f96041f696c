"""What the context of a test is made with: device, credentials, client certificate and proxy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pytest_storedog_gate.local_synthetics.kinds.common.request_values import checked_url
from pytest_storedog_gate.local_synthetics.kinds.http.connecting import (
    pair_of,
    present,
    unsupported_proxy,
)
from pytest_storedog_gate.local_synthetics.network.tls_contexts import accepting_all

if TYPE_CHECKING:
    from pytest_storedog_gate.local_synthetics.definitions.definition import Definition, Json
    from pytest_storedog_gate.local_synthetics.variables.variables import Variables


_DESKTOP = "X11; Linux x86_64"
_MARK = "DatadogSynthetics"  # what sites look for to tell a test from a visitor


@dataclass(frozen=True)
class Device:
    """A screen in CSS pixels, and what the browser says of the machine it runs on."""

    id: str
    name: str
    width: int
    height: int
    platform: str = _DESKTOP
    is_mobile: bool = False

    def user_agent(self, version: str) -> str:
        """Chromium's own, of that version, for this device; with Datadog's mark at its end."""
        major = version.partition(".")[0]
        mobile = " Mobile" if self.is_mobile else ""
        return (
            f"Mozilla/5.0 ({self.platform}) AppleWebKit/537.36 (KHTML, like Gecko)"
            f" Chrome/{major}.0.0.0{mobile} Safari/537.36 {_MARK}"
        )


# The laptop's size is recorded; the two others are those of Datadog's documentation.
_DEVICES = {
    "laptop_large": Device("laptop_large", "Laptop Large", 1440, 1100),
    "tablet": Device("tablet", "Tablet", 768, 1020, "Linux; Android 13; Tablet"),
    "mobile_small": Device(
        "mobile_small", "Mobile Small", 320, 550, "Linux; Android 13; Mobile", is_mobile=True
    ),
}


def device_of(device_id: str) -> Device | None:
    """The device, bare or with the prefix `chrome.`; "" is the laptop. None: it is not known."""
    return _DEVICES.get((device_id or "laptop_large").removeprefix("chrome."))


def unsupported_proxy_or_headers(request: Json, key: str) -> list[str]:
    """Refuse a proxy that Chromium cannot be given."""
    proxy = request.get(key)
    headers = isinstance(proxy, dict) and proxy.get("headers")
    refused = ["config.request.proxy.headers is not supported in a browser test"] if headers else []
    return unsupported_proxy(request, key) + refused


def unsupported_domains(request: Json, key: str) -> list[str]:
    """Refuse all but sites that a certificate can be for."""
    domains = request.get(key) or []
    fits = isinstance(domains, list) and all(
        isinstance(one, str) and one.startswith("https://") and "*" not in one for one in domains
    )
    return [] if fits else [f"config.request.{key} must be a list of https URLs"]


def origin(url: str) -> str:
    """The site of a URL, without its user."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def context_options(
    definition: Definition, url: str, device: Device, version: str, variables: Variables
) -> dict[str, Any]:
    """The options of Playwright's `new_context`. Credentials join the secrets.

    Raises CheckFailed.
    """
    request = definition.request
    options: dict[str, Any] = {
        "viewport": {"width": device.width, "height": device.height},
        "user_agent": device.user_agent(version),
        "is_mobile": device.is_mobile,
        "has_touch": device.is_mobile,
        "bypass_csp": bool(definition.options.get("disableCsp")),
        "ignore_https_errors": bool(definition.options.get("ignoreServerCertificateError")),
    }
    if auth := request.get("basicAuth"):
        username, password = (
            variables.fill(auth.get(key) or "") for key in ("username", "password")
        )
        variables.secrets.add(password)
        options["http_credentials"] = {
            "username": username,
            "password": password,
            "origin": origin(url),
        }
    if request.get("certificate"):
        # Playwright would say of a bad pair no more than that there is no context.
        pair = pair_of(request, variables)
        present(pair, accepting_all())
        cert, key = (part.encode() for part in pair)
        sites = request.get("certificateDomains") or [url]
        options["client_certificates"] = [
            {"origin": origin(site), "cert": cert, "key": key} for site in sites
        ]
    if request.get("proxy"):
        options["proxy"] = _proxy(variables.fill(request["proxy"]["url"]), variables)
    return options


def _proxy(url: str, variables: Variables) -> dict[str, str]:
    parts = checked_url(url, variables, "a proxy's URL")
    # Chromium would go past a proxy to its own machine.
    proxy = {"server": origin(url), "bypass": "<-loopback>"}
    if parts.username:
        proxy |= {"username": parts.username, "password": parts.password}
    return proxy
