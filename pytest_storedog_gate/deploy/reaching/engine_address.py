"""What `engine` of an environment says: where its Docker engine is."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_HOST = r"[A-Za-z0-9][A-Za-z0-9._-]*|\[[0-9A-Fa-f:.]+\]"
_FORM = re.compile(
    r"unix://(?P<path>/.+)"
    rf"|tcp://(?P<host>{_HOST}):(?P<port>\d{{1,5}})/?"
    rf"|ssh://(?:(?P<user>[A-Za-z0-9_][\w.+-]*)@)?(?P<over>{_HOST})(?::(?P<at>\d{{1,5}}))?/?"
    r"|context:(?P<context>[A-Za-z0-9][\w.+-]*)",
    re.ASCII,
)


@dataclass(frozen=True)
class TlsFiles:
    """What an engine and this process show each other, in PEM.

    Without a `ca` the machine's own authorities count. `cert` and `key` are this process's.
    """

    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None

    @classmethod
    def in_folder(cls, folder: Path) -> TlsFiles:
        """Those that are there by the names that Docker's client gives them."""
        files = {name: folder / f"{name}.pem" for name in ("ca", "cert", "key")}
        return cls(**{name: path for name, path in files.items() if path.exists()})


@dataclass(frozen=True)
class EngineAddress:
    """One of the four forms of the text. `tls` is for TCP; `plain` says that TCP may go without."""

    text: str = "unix:///var/run/docker.sock"
    tls: TlsFiles | None = None
    plain: bool = False

    @classmethod
    def parse(cls, text: str) -> EngineAddress:
        """ValueError says which forms there are, and not the text, which may hold a password."""
        match = _FORM.fullmatch(text)
        port = match and (match["port"] or match["at"])
        if match is None or (port and not 0 < int(port) < 65536):
            raise ValueError(
                'must be "unix:///PATH", "tcp://HOST:PORT", "ssh://[USER@]HOST[:PORT]" or '
                '"context:NAME"'
            )
        return cls(text.rstrip("/"))

    @property
    def parts(self) -> dict[str, str | None]:
        """The words of the text; ValueError where it has none of the forms."""
        match = _FORM.fullmatch(self.text)
        if match is None:
            raise ValueError(f"{self.text} is no engine")
        return match.groupdict()


def is_loopback(host: str) -> bool:
    """Whether it is this machine, at an address that no other machine reaches."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
