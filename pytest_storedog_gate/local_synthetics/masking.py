"""Masking as the local service's modules have known it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.secrets.masking import LONGEST_SECRET, MASK, Masker
from pytest_storedog_gate.secrets.places import mask_headers
from pytest_storedog_gate.secrets.places import mask_url as mask_userinfo

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["LONGEST_SECRET", "MASK", "encoded", "mask", "mask_headers", "mask_userinfo"]


def encoded(secrets: Iterable[str]) -> Iterable[str]:
    """The secrets."""
    return secrets


def mask(value: Any, secrets: Iterable[str]) -> Any:
    """A copy of a JSON value without the secrets."""
    return Masker(secrets).document(value)
