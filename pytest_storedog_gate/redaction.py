"""Masking of secrets, wherever text comes in that could hold one."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

T = TypeVar("T")

_MASK = "********"


def redactor(secrets: Iterable[str]) -> Callable[[str], str]:
    """A function that masks each of `secrets` in a text."""
    # The longest first: one secret may be a part of another.
    ordered = sorted(set(secrets), key=len, reverse=True)

    def redact(text: str) -> str:
        for secret in ordered:
            text = text.replace(secret, _MASK)
        return text

    return redact


def masked(data: T, redact: Callable[[str], str]) -> T:
    """The same data with every string in it redacted: dataclasses, mappings and sequences too."""
    return cast("T", _masked(data, redact))


def _masked(data: Any, redact: Callable[[str], str]) -> Any:
    if isinstance(data, str):
        return redact(data)
    if isinstance(data, dict):
        return {key: _masked(value, redact) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return type(data)(_masked(value, redact) for value in data)
    if is_dataclass(data) and not isinstance(data, type):
        values = {f.name: _masked(getattr(data, f.name), redact) for f in fields(data)}
        return replace(data, **values)
    return data
