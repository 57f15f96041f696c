"""The kinds of check: one module each, behind `protocol.Kind`, imported when first used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, cast

from pytest_storedog_gate.local_synthetics.extras import remedy
from pytest_storedog_gate.local_synthetics.javascript.scripts import Scripts
from pytest_storedog_gate.local_synthetics.kinds.browser.screenshots import Screenshots
from pytest_storedog_gate.local_synthetics.kinds.browser.watching import Watching
from pytest_storedog_gate.local_synthetics.kinds.protocol import Kind, Outcome, Run

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_storedog_gate.local_synthetics.chromium.engine import Engine
    from pytest_storedog_gate.local_synthetics.definitions.definition import Definition
    from pytest_storedog_gate.local_synthetics.variables.variables import Variables

__all__ = ["Kind", "Kinds", "Outcome", "Run", "all_kinds", "close_all"]

Kinds = Mapping[tuple[str, str], Kind]

_HERE = __name__
_TABLE: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("api", "http"): ("http.check", "HttpCheck", "scripts"),
    ("api", "ssl"): ("tls", "SslCheck"),
    ("api", "dns"): ("dns_lookup", "DnsCheck"),
    ("api", "tcp"): ("tcp", "TcpCheck"),
    ("api", "udp"): ("udp", "UdpCheck"),
    ("api", "icmp"): ("icmp", "IcmpCheck"),
    ("api", "websocket"): ("websocket", "WebsocketCheck"),
    ("api", "grpc"): ("grpc.check", "GrpcCheck"),
    ("api", "mcp"): ("mcp.check", "McpCheck"),
    ("api", "multi"): ("multistep.check", "MultistepCheck", "kinds", "tests", "scripts"),
    ("browser", ""): (
        "browser.check", "BrowserCheck", "kinds", "tests", "screenshots", "artifacts", "watching",
        "engine", "engine_without_cors",
    ),
}  # fmt: skip
"""Test type and subtype: the module, the class and which attributes of `_Kinds` it is made with."""

_CHROMIUM = "pytest_storedog_gate.local_synthetics.chromium"


def all_kinds(
    tests: Mapping[str, Definition] | None = None,
    screenshots: Screenshots | None = None,
    artifacts: Path | None = None,
    watching: Watching | None = None,
) -> Kinds:
    """Every kind that this service can run, by test type and subtype.

    `tests`: those that can be sub-tests, by public ID. `screenshots`: where they are kept.
    `artifacts`: the directory for what is kept of browser tests that failed. `watching`: how a
    person watches them.
    """
    return _Kinds(
        {} if tests is None else tests,
        screenshots or Screenshots(),
        artifacts,
        watching or Watching(),
    )


async def close_all(kinds: Kinds) -> None:
    """End the browsers, if there are any."""
    if isinstance(kinds, _Kinds):
        await kinds.close()


@dataclass(frozen=True)
class _Kinds(Mapping[tuple[str, str], Kind]):
    """What kinds are made with are attributes of it; those of the browser are made when needed."""

    tests: Mapping[str, Definition]
    screenshots: Screenshots
    artifacts: Path | None
    watching: Watching
    _made: dict[tuple[str, str], Kind] = field(default_factory=dict)

    def __getitem__(self, key: tuple[str, str]) -> Kind:
        if key not in self._made:
            self._made[key] = self._make(key)
        return self._made[key]

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(_TABLE)

    def __len__(self) -> int:
        return len(_TABLE)

    @cached_property
    def engine(self) -> Engine:
        """The one browser; where Playwright is missing, ModuleNotFoundError is raised."""
        return self._engine()

    @cached_property
    def engine_without_cors(self) -> Engine:
        """A browser of its own, as Chromium has the switch for all of its contexts."""
        return self._engine("--disable-web-security")

    def _engine(self, *arguments: str) -> Engine:
        make = import_module(f"{_CHROMIUM}.engine").Engine
        return cast("Engine", make(*arguments, headed=self.watching.headed))

    @cached_property
    def scripts(self) -> Scripts:
        return Scripts(lambda: import_module(f"{_CHROMIUM}.sandbox").Sandbox(self.engine))

    @property
    def kinds(self) -> Kinds:
        return self

    async def close(self) -> None:
        for name in ("engine", "engine_without_cors"):
            if name in vars(self):
                await vars(self)[name].close()

    def _make(self, key: tuple[str, str]) -> Kind:
        module, name, *needed = _TABLE[key]
        try:
            make = getattr(import_module(f"{_HERE}.{module}"), name)
        except ModuleNotFoundError as error:
            sentence = remedy(error)
            if sentence is None:
                raise
            return _Missing(sentence)
        return cast("Kind", make(*(getattr(self, one) for one in needed)))


@dataclass(frozen=True)
class _Missing:
    """A kind whose library is not installed: it refuses every test, and says why."""

    sentence: str

    def unsupported(self, _definition: Definition) -> list[str]:
        return [self.sentence]

    async def run(self, _run: Run, _variables: Variables) -> Outcome:
        raise NotImplementedError
