"""The kinds of check: one module each, behind `protocol.Kind`, imported when first used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, cast

from pytest_storedog_gate.local_synthetics.browser.screenshots import Screenshots
from pytest_storedog_gate.local_synthetics.kinds.protocol import Kind, Outcome, Run

if TYPE_CHECKING:
    from pytest_storedog_gate.local_synthetics.definitions import Definition
    from pytest_storedog_gate.local_synthetics.variables import Variables

__all__ = ["Kind", "Kinds", "Outcome", "Run", "all_kinds", "close_all"]

Kinds = Mapping[tuple[str, str], Kind]

_HERE = __name__
_ALONE: Mapping[tuple[str, str], tuple[str, str]] = {
    ("api", "http"): ("http", "HttpCheck"),
    ("api", "ssl"): ("tls", "SslCheck"),
    ("api", "dns"): ("dns_lookup", "DnsCheck"),
    ("api", "tcp"): ("tcp", "TcpCheck"),
    ("api", "udp"): ("udp", "UdpCheck"),
    ("api", "icmp"): ("icmp", "IcmpCheck"),
    ("api", "websocket"): ("websocket", "WebsocketCheck"),
    ("api", "grpc"): ("grpc_call", "GrpcCheck"),
    ("api", "mcp"): ("mcp", "McpCheck"),
}
"""Test type and subtype: the module and the class, which is made without arguments."""

_COMPOSED: Mapping[tuple[str, str], tuple[str, str]] = {
    ("api", "multi"): ("multistep", "MultistepCheck"),
}
"""Those whose class is made with all kinds and with the tests by public ID: they run others."""

_PICTURED: Mapping[tuple[str, str], tuple[str, str]] = {
    ("browser", ""): ("browser", "BrowserCheck"),
}
"""Composed ones whose class is made with the screenshots too."""

_TABLE = {**_ALONE, **_COMPOSED, **_PICTURED}
_EXTRAS = {"playwright": "browser"}


def all_kinds(
    tests: Mapping[str, Definition] | None = None, screenshots: Screenshots | None = None
) -> Kinds:
    """Every kind that this service can run, by test type and subtype.

    `tests`: those that can be sub-tests, by public ID. `screenshots`: where they are kept.
    """
    return _Kinds(tests or {}, screenshots or Screenshots())


async def close_all(kinds: Kinds) -> None:
    """End what kinds have started: a browser, say."""
    for kind in kinds.made if isinstance(kinds, _Kinds) else kinds.values():
        if close := getattr(kind, "close", None):
            await close()


@dataclass(frozen=True)
class _Kinds(Mapping[tuple[str, str], Kind]):
    _tests: Mapping[str, Definition]
    _screenshots: Screenshots
    _made: dict[tuple[str, str], Kind] = field(default_factory=dict)

    def __getitem__(self, key: tuple[str, str]) -> Kind:
        if key not in self._made:
            self._made[key] = self._make(key)
        return self._made[key]

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(_TABLE)

    def __len__(self) -> int:
        return len(_TABLE)

    @property
    def made(self) -> list[Kind]:
        """Those that have been used."""
        return list(self._made.values())

    def _make(self, key: tuple[str, str]) -> Kind:
        module, name = _TABLE[key]
        try:
            make = getattr(import_module(f"{_HERE}.{module}"), name)
        except ModuleNotFoundError as error:
            package = (error.name or "").partition(".")[0]
            if package == _HERE.partition(".")[0]:
                raise
            return _Missing(package)
        arguments: list[object] = [] if key in _ALONE else [self, self._tests]
        if key in _PICTURED:
            arguments.append(self._screenshots)
        return cast("Kind", make(*arguments))


@dataclass(frozen=True)
class _Missing:
    """A kind whose library is not installed: it refuses every test, and says why."""

    package: str

    def unsupported(self, _definition: Definition) -> list[str]:
        extra = _EXTRAS.get(self.package, "local")
        return [f"{self.package} is missing: needs pip install 'pytest-storedog-gate[{extra}]'"]

    async def run(self, _run: Run, _variables: Variables) -> Outcome:
        raise NotImplementedError
