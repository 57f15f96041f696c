"""How steps describe an element."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_storedog_gate.local_synthetics.definitions.definition import Json

XPATHS = ("ro", "at", "clt", "cl", "ab")
"""The keys of a multiLocator that hold XPath, from robust to brittle."""


def unsupported_element(element: Any) -> list[str]:
    """Name what of an element's description cannot be used."""
    if not isinstance(element, dict):
        return ["params.element must be an object"]
    user, multi = element.get("userLocator") or {}, element.get("multiLocator") or {}
    if not isinstance(user, dict) or not isinstance(multi, dict):
        return ["params.element: userLocator and multiLocator must be objects"]
    values = user.get("values") or []
    if not isinstance(values, list) or not all(
        isinstance(one, dict)
        and one.get("type") in ("css", "xpath")
        and isinstance(one.get("value"), str)
        for one in values
    ):
        return ["params.element.userLocator.values must be of type css or xpath, each with a value"]
    if not all(isinstance(value, str) for value in multi.values()):
        return ["params.element.multiLocator must be an object of strings"]
    if not values and not any(multi.get(key) for key in XPATHS):
        return ["Missing locator. Either a UserLocator or a MultiLocator need to be provided."]
    return []


def description(element: Json) -> str:
    """How a result names an element."""
    values = (element.get("userLocator") or {}).get("values") or []
    if values:
        return str(values[0]["value"])
    multi = element.get("multiLocator") or {}
    own = element.get("targetOuterHTML")
    return str(own or next(multi[key] for key in XPATHS if multi.get(key)))
