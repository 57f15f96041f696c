"""The texts of a compose file as what their keys need."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.reading.interpolation import Filled
from pytest_storedog_gate.reading.yaml_files import Plain

if TYPE_CHECKING:
    from pytest_storedog_gate.reading.kinds import Kind

_TRUTH = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
# Numbers of YAML, and those of them that compose writes back as they are.
_NUMBER = re.compile(
    r"[-+]?(?:0x[0-9a-fA-F_]+|0[ob]?[0-7_]+|[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?"
    r"|\.[0-9_]+(?:[eE][-+]?[0-9]+)?|\.(?:inf|Inf|INF))|\.(?:nan|NaN|NAN)"
)
_WRITTEN_BACK = re.compile(r"-?(?:0|[1-9][0-9]{0,14})|-?(?:0|[1-9][0-9]{0,8})\.[0-9]{0,5}[1-9]")


def typed(value: Any, kind: Kind) -> Any:
    """The value, where it fits; else what a text of it means to YAML: 5, 0.5 or true."""
    if not isinstance(value, str) or kind.fits(value):
        return value
    if value in _TRUTH:
        return _TRUTH[value]
    for number in (int, float):
        try:
            return number(value)
        except ValueError:
            continue
    return value


def text(value: Any) -> Filled:
    """A scalar as compose gives it to a container; ValueError where it would not stay the same."""
    if not isinstance(value, str):
        raise ValueError("must be a text, a number or a truth")  # noqa: TRY004  # for its sentence
    if not isinstance(value, Plain):
        return Filled(value)
    if value in _TRUTH:
        return Filled(value.lower())
    if _NUMBER.fullmatch(value) and not _WRITTEN_BACK.fullmatch(value):
        raise ValueError(
            "is a number (not shown), which compose may write in another way; put it in quotes"
        )
    return Filled(value)
