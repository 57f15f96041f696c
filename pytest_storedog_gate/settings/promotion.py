"""The `[promotion]` of the configuration: what an environment asks of the one before it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from importlib.util import find_spec
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.reading.kinds import BOOLEAN, LIST, STRING, one_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_storedog_gate.reading.table import Table

KEY_VARIABLE = "STOREDOG_SIGNING_KEY"
PASSWORD_VARIABLE = "STOREDOG_SIGNING_PASSWORD"  # noqa: S105  # the name of a variable
_ANY = "surrogateescape"  # a variable may hold any bytes
_AGE = re.compile(r"([1-9][0-9]{0,5})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_ADDRESS = re.compile(r"https?://(?:[\w.-]+|\[[0-9a-fA-F:]+\])(?::\d{1,5})?")


def _age(text: str) -> timedelta:
    match = _AGE.fullmatch(text)
    if match is None:
        raise ValueError('must be a number with s, m, h or d, as in "7d"')
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def _address(text: str) -> str:
    wanted = ValueError('must be an address like "https://registry.example:5000"')
    if _ADDRESS.fullmatch(text) is None:
        raise wanted
    try:
        _ = urlsplit(text).port
    except ValueError:  # brackets around no address, or a port beyond all ports
        raise wanted from None
    return text


KEYS = {
    "proof": one_of("folder", "registry"),
    "public_keys": LIST,
    "signing_key": STRING,
    "override": BOOLEAN,
    "max_age": STRING.meaning(_age),
    "registry": STRING.meaning(_address),
}


@dataclass(frozen=True)
class Promotion:
    """What counts as proof. `registry` is where this process reaches the image's registry.

    Without `public_keys` and `signing_key` verdicts are unsigned, in the folder. `override` tells
    whether a person may decide against the rule. Keys are paths.
    """

    proof: str = "folder"
    public_keys: tuple[Path, ...] = ()
    signing_key: Path | None = None
    max_age: timedelta | None = None
    registry: str | None = None
    override: bool = True

    @property
    def signed(self) -> bool:
        """Whether nothing but a signed verdict counts."""
        return self.proof == "registry" or bool(self.public_keys)


@dataclass(frozen=True)
class SigningSecret:
    """The private key as it was given, and where; `pem` and `password` are never shown."""

    source: str
    pem: bytes = field(repr=False)
    password: bytes | None = field(default=None, repr=False)

    @property
    def texts(self) -> set[str]:
        """What must not be shown: the whole, and each line that is the key's own."""
        whole = self.pem.decode("utf-8", _ANY)
        lines = {line for line in whole.split() if len(line) > 20}
        password = (self.password or b"").decode("utf-8", _ANY)
        return {whole, *lines} | ({password} if password else set())


def read(table: Table, folder: Path) -> Promotion:
    """The section; paths are relative to `folder`. ConfigurationError names file, line and key."""
    said = table.read(KEYS)
    said["public_keys"] = tuple(folder / path for path in said.get("public_keys", ()))
    if "signing_key" in said:
        said["signing_key"] = folder / said["signing_key"]
    promotion = Promotion(**said)
    if promotion.proof == "registry" and not promotion.public_keys:
        raise table.error(
            ("proof",),
            "what the registry keeps is proved by its signature alone: name `public_keys`; "
            "`storedog-gate keygen` makes a pair",
        )
    if promotion.max_age is not None and not promotion.signed:
        raise table.error(("max_age",), "it counts for signed verdicts: name `public_keys`")
    if promotion.signed and find_spec("cryptography") is None:
        raise table.error(
            ("public_keys",),
            "signatures need a package that is not installed: pip install "
            "'pytest-storedog-gate[proof]'",
        )
    return promotion


def signing_secret(promotion: Promotion, environ: Mapping[str, str]) -> SigningSecret | None:
    """The private key of this run: that of the variable, else that of the file.

    ConfigurationError names the file that cannot be read.
    """
    password = environ.get(PASSWORD_VARIABLE, "").encode("utf-8", _ANY) or None
    if text := environ.get(KEY_VARIABLE, "").strip():
        # Some CI systems keep a secret on one line.
        pem = text.replace("\\n", "\n").encode("utf-8", _ANY)
        return SigningSecret(KEY_VARIABLE, pem, password)
    if promotion.signing_key is None:
        return None
    try:
        return SigningSecret(
            str(promotion.signing_key), promotion.signing_key.read_bytes(), password
        )
    except OSError as error:
        raise ConfigurationError(
            f"promotion.signing_key: {promotion.signing_key} cannot be read ({error.strerror}); "
            f"name the key's file, or give the key in {KEY_VARIABLE}"
        ) from None
