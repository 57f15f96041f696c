"""The context of a test: device, credentials, cookies, client certificate, proxy, its requests."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from playwright.async_api import Error

from pytest_storedog_gate.local_synthetics.assertions.operators import number
from pytest_storedog_gate.local_synthetics.failures import InvalidTest
from pytest_storedog_gate.local_synthetics.javascript.regular_expressions import MatchTimeout
from pytest_storedog_gate.local_synthetics.kinds.common import request_values
from pytest_storedog_gate.local_synthetics.kinds.http import connecting
from pytest_storedog_gate.local_synthetics.network.tls_contexts import accepting_all
from pytest_storedog_gate.local_synthetics.variables.variables import SHORTEST_CREDENTIAL

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from playwright.async_api import BrowserContext, Route

    from pytest_storedog_gate.local_synthetics.definitions.definition import Definition, Json
    from pytest_storedog_gate.local_synthetics.javascript.substitution import Substitution
    from pytest_storedog_gate.local_synthetics.kinds.protocol import Run
    from pytest_storedog_gate.local_synthetics.variables.variables import Variables

_MARK = "window._DATADOG_SYNTHETICS_BROWSER = true;"
_SAME_SITE = {"lax": "Lax", "strict": "Strict", "none": "None"}
_DESKTOP = "X11; Linux x86_64"
_AGENT = "DatadogSynthetics"  # what sites look for to tell a test from a visitor


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
            f" Chrome/{major}.0.0.0{mobile} Safari/537.36 {_AGENT}"
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
    return connecting.unsupported_proxy(request, key) + refused


def unsupported_domains(request: Json, key: str) -> list[str]:
    """Refuse all but sites that a certificate can be for."""
    domains = request.get(key) or []
    fits = isinstance(domains, list) and all(
        isinstance(one, str) and one.startswith("https://") and "*" not in one for one in domains
    )
    return [] if fits else [f"config.request.{key} must be a list of https URLs"]


def _origin(url: str) -> str:
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
            "origin": _origin(url),
        }
    if request.get("certificate"):
        # Playwright would say of a bad pair no more than that there is no context.
        pair = connecting.pair_of(request, variables)
        connecting.present(pair, accepting_all())
        cert, key = (part.encode() for part in pair)
        sites = request.get("certificateDomains") or [url]
        options["client_certificates"] = [
            {"origin": _origin(site), "cert": cert, "key": key} for site in sites
        ]
    if request.get("proxy"):
        options["proxy"] = _proxy(variables.fill(request["proxy"]["url"]), variables)
    return options


def _proxy(url: str, variables: Variables) -> dict[str, str]:
    parts = request_values.checked_url(url, variables, "a proxy's URL")
    # Chromium would go past a proxy to its own machine.
    proxy = {"server": _origin(url), "bypass": "<-loopback>"}
    if parts.username:
        proxy |= {"username": parts.username, "password": parts.password}
    return proxy


async def prepare(context: BrowserContext, run: Run, url: str, variables: Variables) -> None:
    """Give it cookies, and say what becomes of its requests. Raises InvalidTest."""
    await context.add_init_script(_MARK)
    headers = request_values.named_texts(run.definition.request, "headers", variables)
    cookies = _cookies(variables.fill(run.definition.config.get("setCookie") or ""), url)
    for name in [name for name in headers if name.lower() == "cookie"]:
        cookies += [_cookie(pair, url) for pair in headers.pop(name).split(";") if "=" in pair]
    variables.secrets.update(
        one["value"] for one in cookies if len(one["value"]) >= SHORTEST_CREDENTIAL
    )
    if cookies:
        await context.add_cookies(cast("Any", cookies))
    await _add_headers(context, headers, _origin(url))
    await _substitute(context, run.resource_substitutions)
    patterns = run.definition.options.get("blockedRequestPatterns") or []
    await _block(context, [variables.fill(pattern) for pattern in patterns])


def _cookies(text: str, url: str) -> list[Json]:
    """The cookies of `setCookie`: Set-Cookie's syntax, one a line."""
    found = []
    for line in filter(None, map(str.strip, text.splitlines())):
        pair, *attributes = line.split(";")
        if "=" not in pair:
            raise InvalidTest("config.setCookie: each line must be name=value; attributes")
        cookie = _cookie(pair, url)
        for attribute in attributes:
            name, _, value = (part.strip() for part in attribute.partition("="))
            _set_attribute(cookie, name.lower(), value)
        found.append(cookie)
    return found


def _cookie(pair: str, url: str) -> Json:
    name, _, value = pair.strip().partition("=")
    host = urlsplit(url).hostname or ""
    return {"name": name, "value": value, "domain": host, "path": "/"}


def _set_attribute(cookie: Json, name: str, value: str) -> None:
    match name:
        case "domain":
            cookie["domain"] = value if value.startswith(".") else f".{value}"
        case "path":
            cookie["path"] = value or "/"
        case "secure":
            cookie["secure"] = True
        case "httponly":
            cookie["httpOnly"] = True
        case "samesite" if value.lower() in _SAME_SITE:
            cookie["sameSite"] = _SAME_SITE[value.lower()]
        case "max-age" if number(value) is not None:
            cookie["expires"] = time.time() + (number(value) or 0)
        case "expires":
            try:
                cookie["expires"] = parsedate_to_datetime(value).timestamp()
            except ValueError:
                raise InvalidTest("config.setCookie: Expires is not a date") from None
        case _:
            raise InvalidTest(f"config.setCookie: attribute {name!r} is not supported")


# Playwright asks the routes in turn, beginning with the one that was added last.


async def _add_headers(context: BrowserContext, headers: Mapping[str, str], site: str) -> None:
    """Send these headers to the test's own site alone: they may hold credentials."""

    async def with_headers(route: Route) -> None:
        await route.fallback(headers={**route.request.headers, **headers})

    if headers:
        await context.route(re.compile(re.escape(site) + r"(?:[/?#]|$)"), with_headers)


@contextlib.asynccontextmanager
async def asking_with(context: BrowserContext, method: str, body: str) -> AsyncIterator[None]:
    """While this lasts, a tab's page is asked for with the method, and with the body if any."""

    async def asked(route: Route) -> None:
        request = route.request
        if request.is_navigation_request() and request.frame.parent_frame is None:
            await route.fallback(method=method, post_data=body or None)
        else:
            await route.fallback()

    if method == "GET":
        yield
        return
    await context.route("**/*", asked)
    yield
    with contextlib.suppress(Error):  # the page may have gone meanwhile
        await context.unroute("**/*", asked)


async def _substitute(context: BrowserContext, substitutions: Sequence[Substitution]) -> None:
    """Ask for resources at other URLs; documents, which the user opens, keep theirs."""

    async def substituted(route: Route) -> None:
        url = own = route.request.url
        if route.request.is_navigation_request():
            await route.fallback()
            return
        try:
            for one in substitutions:
                url = await asyncio.to_thread(one.apply, url)
            if url == own:
                await route.fallback()
            elif urlsplit(url).scheme == urlsplit(own).scheme:
                await route.continue_(url=url)
            else:
                # Chromium lets a request keep its scheme only, so that the driver asks instead.
                await route.fulfill(response=await route.fetch(url=url))
        except (MatchTimeout, Error):
            # A network error in the step's result. The page may also have gone meanwhile.
            with contextlib.suppress(Error):
                await route.abort()

    if substitutions:
        await context.route("**/*", substituted)


async def _block(context: BrowserContext, patterns: Sequence[str]) -> None:
    """Do not make the requests whose whole URL is like one of the patterns, with `*` in them."""

    async def blocked(route: Route) -> None:
        await route.abort("blockedbyclient")

    for pattern in patterns:
        parts = map(re.escape, pattern.split("*"))
        await context.route(re.compile("^" + ".*".join(parts) + "$"), blocked)
