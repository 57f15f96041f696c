"""Global variables: an account has them, here the environment and a file do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_storedog_gate.local_synthetics.variables.totp import Totp
from pytest_storedog_gate.reading import json_text

PREFIX = "STOREDOG_GLOBAL_"
_KEYS = {"value", "secure", "options"}


class GlobalsError(ValueError):
    """The global variables are unusable; the text says why, without a value."""


@dataclass(frozen=True)
class GlobalVariable:
    """One value; it is never shown unless `secure` is off. With `totp` the value is a code."""

    value: str
    secure: bool = True
    totp: Totp | None = None


Globals = Mapping[str, GlobalVariable]


def load_globals(path: str | None, environment: Mapping[str, str]) -> Globals:
    """Read the file, if any, and the environment, which wins. Raises GlobalsError.

    The file is a JSON object: by name, a string or the API's `value` of a global variable
    (`{"value", "secure", "options": {"totp_parameters"}}`), whose value may be left to the
    environment.
    """
    held = _read(path) if path else {}
    given = {
        name.removeprefix(PREFIX): value
        for name, value in environment.items()
        if name.startswith(PREFIX)
    }
    return {
        name: global_variable(name, held.get(name, {}), given.get(name))
        for name in {**held, **given}
    }


def _read(path: str) -> Mapping[str, Any]:
    try:
        document = json_text.loads(Path(path).read_bytes(), strict=True)
    except OSError as error:
        raise GlobalsError(f"{path}: {error.strerror}") from None
    except ValueError:
        raise GlobalsError(f"{path} is not valid JSON") from None
    if not isinstance(document, dict):
        raise GlobalsError(f"{path} must be a JSON object of variables by name")
    return document


def global_variable(name: str, held: Any, given: str | None = None) -> GlobalVariable:
    """Read one variable as the file has it; a `given` value wins. Raises GlobalsError."""
    if isinstance(held, str):
        held = {"value": held}
    if not isinstance(held, dict) or not held.keys() <= _KEYS:
        raise GlobalsError(
            f"global variable {name} must be a string or hold value, secure, options"
        )
    value = held.get("value") if given is None else given
    if not isinstance(value, str):
        raise GlobalsError(f"global variable {name} has no value: set {PREFIX}{name}")
    secure = held.get("secure", True)
    if not isinstance(secure, bool):
        raise GlobalsError(f"global variable {name}: secure must be true or false")
    return GlobalVariable(value, secure, _totp(name, value, held.get("options") or {}))


def _totp(name: str, secret: str, options: Any) -> Totp | None:
    if not isinstance(options, dict) or not options.keys() <= {"totp_parameters"}:
        raise GlobalsError(f"global variable {name}: options may hold totp_parameters only")
    parameters = options.get("totp_parameters")
    if parameters is None:
        return None
    known = {"digits", "refresh_interval"}
    if not isinstance(parameters, dict) or not parameters.keys() <= known:
        raise GlobalsError(
            f"global variable {name}: totp_parameters may hold digits and refresh_interval"
        )
    totp = Totp(secret, **parameters)
    if reason := totp.why_not():
        raise GlobalsError(f"global variable {name}: {reason}")
    return totp
