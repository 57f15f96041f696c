"""Masking of secrets, wherever text comes in that could hold one."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

T = TypeVar("T")

_MASK = "********"
# Shorter values are placeholders, or words like "db" or "5432": masking those would garble every
# sentence.
_SHORTEST_SECRET = 6
# Names of what others are found by. A secret that happens to be a part of one must not change it.
_IDENTIFIERS = frozenset(
    {
        "batch_id", "batch_url", "deploy_id", "device", "digest", "environment", "execution_rule",
        "initial_result_id", "location", "previous_digest", "public_id", "requirements",
        "result_id", "result_url", "service", "state", "status", "type",
    }
)  # fmt: skip
# What is below these is a document of somebody else's, whose names mean something else.
_FOREIGN = frozenset({"actual", "detail", "timings"})


def redactor(secrets: Iterable[str]) -> Callable[[str], str]:
    """A function that masks each of `secrets` in a text."""
    # The longest first: one secret may be a part of another.
    found = {secret for secret in secrets if len(secret) >= _SHORTEST_SECRET}
    ordered = sorted(found, key=len, reverse=True)

    def redact(text: str) -> str:
        for secret in ordered:
            text = text.replace(secret, _MASK)
        return text

    return redact


def masked(data: T, redact: Callable[[str], str]) -> T:
    """The same data with every text in it redacted, below dataclasses, mappings and sequences.

    Identifiers of ours are left as they are.
    """
    return cast("T", _masked(data, redact, _IDENTIFIERS))


def _masked(data: Any, redact: Callable[[str], str], kept: frozenset[str]) -> Any:
    def member(name: object, value: Any) -> Any:
        if name in kept and not isinstance(value, dict):
            return value
        return _masked(value, redact, frozenset() if name in _FOREIGN else kept)

    if isinstance(data, str):
        return redact(data)
    if isinstance(data, dict):
        return {key: member(key, value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return type(data)(_masked(value, redact, kept) for value in data)
    if is_dataclass(data) and not isinstance(data, type):
        return replace(
            data, **{f.name: member(f.name, getattr(data, f.name)) for f in fields(data)}
        )
    return data
