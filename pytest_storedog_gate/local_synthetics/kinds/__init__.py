"""The kinds of check: a file or a folder each, behind `protocol.Kind`, imported when first used.

A new kind is its file and its line in the table here; a package of a user's brings one by an entry
point.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pkgutil import resolve_name
from typing import TYPE_CHECKING

from pytest_storedog_gate.local_synthetics.chromium.browsers import Browsers
from pytest_storedog_gate.local_synthetics.chromium.screenshots import Screenshots
from pytest_storedog_gate.local_synthetics.chromium.watching import Watching
from pytest_storedog_gate.local_synthetics.extras import remedy
from pytest_storedog_gate.local_synthetics.javascript.scripts import Scripts
from pytest_storedog_gate.local_synthetics.kinds.protocol import Kind, Outcome, Run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from importlib.metadata import EntryPoint

    from pytest_storedog_gate.local_synthetics.chromium.attempts import Attempts
    from pytest_storedog_gate.local_synthetics.definitions.definition import Definition
    from pytest_storedog_gate.local_synthetics.variables.variables import Variables

__all__ = ["Kind", "Outcome", "Run"]  # of `protocol`, for the rooms above

Kinds = Mapping[tuple[str, str], Kind]

GROUP = "storedog_gate.kinds"
"""The group of entry points by which a package brings kinds: `api.smtp`, say."""
_OURS: Mapping[tuple[str, str], str] = {
    ("api", "http"): "http.check:HttpCheck",
    ("api", "ssl"): "tls:SslCheck",
    ("api", "dns"): "dns_lookup:DnsCheck",
    ("api", "tcp"): "tcp:TcpCheck",
    ("api", "udp"): "udp:UdpCheck",
    ("api", "icmp"): "icmp:IcmpCheck",
    ("api", "websocket"): "websocket:WebsocketCheck",
    ("api", "grpc"): "grpc.check:GrpcCheck",
    ("api", "mcp"): "mcp.check:McpCheck",
    ("api", "multi"): "multistep:MultistepCheck",
    ("browser", ""): "browser.check:BrowserCheck",
}
"""Test type and subtype: the module below this one, and the class."""
_CHROMIUM = "pytest_storedog_gate.local_synthetics.chromium"


def all_kinds(
    tests: Mapping[str, Definition] | None = None,
    screenshots: Screenshots | None = None,
    artifacts: Attempts | None = None,
    watching: Watching | None = None,
    browsers: Browsers | None = None,
) -> Kinds:
    """Every kind that this service can run, by test type and subtype.

    `tests`: those that can be sub-tests, by public ID. `screenshots`: where they are kept.
    `artifacts`: where what is kept of browser tests that failed goes. `watching`: how a
    person watches them. `browsers`: those that the service has.
    """
    watching = watching or Watching()
    return Equipment(
        {} if tests is None else tests,
        screenshots or Screenshots(),
        artifacts,
        watching,
        browsers or Browsers(headed=watching.headed),
    ).kinds


async def make_ready(kinds: Kinds, soon: Iterable[Definition]) -> None:
    """Import what these tests need: they are to find it there."""
    for key in {(one.type, one.subtype) for one in soon}:
        await asyncio.sleep(0)  # importing takes a while, and requests are waiting
        kinds.get(key)


async def close_all(kinds: Kinds) -> None:
    """End the browsers, if there are any."""
    if isinstance(kinds, _Kinds):
        await kinds.equipment.browsers.close()


def brought_request_keys(kinds: Kinds) -> set[str]:
    """The keys of requests that there are for the kinds which other packages bring."""
    return {key for name in kinds if name not in _OURS for key in kinds[name].fields}


@dataclass
class Equipment:
    """What a service has for its checks."""

    tests: Mapping[str, Definition]
    screenshots: Screenshots
    artifacts: Attempts | None
    watching: Watching
    browsers: Browsers

    @cached_property
    def kinds(self) -> Kinds:
        """All kinds of check, which are made with this equipment."""
        return _Kinds(self)

    @cached_property
    def scripts(self) -> Scripts:
        """What runs the scripts of API tests."""
        return Scripts(lambda: resolve_name(f"{_CHROMIUM}.sandbox:Sandbox")(self.browsers.engine()))


class _Kinds(Mapping[tuple[str, str], Kind]):
    """Those of the service, and those that other packages bring."""

    def __init__(self, equipment: Equipment) -> None:
        self.equipment = equipment
        self._made: dict[tuple[str, str], Kind] = {}

    def __getitem__(self, key: tuple[str, str]) -> Kind:
        if key not in self._made:
            self._made[key] = self._make(key)
        return self._made[key]

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter({**_OURS, **self._brought})

    def __len__(self) -> int:
        return len(_OURS.keys() | self._brought.keys())

    @cached_property
    def _brought(self) -> Mapping[tuple[str, str], list[EntryPoint]]:
        from importlib.metadata import entry_points  # noqa: PLC0415  # few services need it

        found = defaultdict(list)
        for one in entry_points(group=GROUP):
            test_type, _, subtype = one.name.partition(".")
            found[test_type, subtype].append(one)
        return found

    def _make(self, key: tuple[str, str]) -> Kind:
        if key in _OURS:
            return self._made_by(lambda: resolve_name(f"{__name__}.{_OURS[key]}"))
        if key not in self._brought:
            raise KeyError(key)
        points = self._brought[key]
        name = points[0].name
        packages = " and ".join(sorted(one.dist.name if one.dist else "?" for one in points))
        if len(points) > 1:
            return _Missing(f"kind {name} is brought by {packages}: uninstall all but one of them")
        try:
            kind = self._made_by(points[0].load)
            if not isinstance(kind, Kind):
                raise TypeError(f"{points[0].value} makes what is no Kind")  # noqa: TRY301
        except Exception as error:  # noqa: BLE001 a foreign package's fault is none of the service's
            reason = f"{type(error).__name__}: {error}"
            return _Missing(f"kind {name} of {packages} cannot be used: {reason}")
        return kind

    def _made_by(self, load: Callable[[], Callable[[Equipment], Kind]]) -> Kind:
        try:
            return load()(self.equipment)
        except ModuleNotFoundError as error:
            sentence = remedy(error)
            if sentence is None:
                raise
            return _Missing(sentence)


class _Missing(Kind):
    """A kind that cannot be used, for want of a library say: it refuses each test, and why."""

    def __init__(self, sentence: str) -> None:
        self._sentence = sentence

    def unsupported(self, _definition: Definition) -> list[str]:
        return [self._sentence]

    async def run(self, _run: Run, _variables: Variables) -> Outcome:
        raise NotImplementedError
