"""How a service of a compose file is reached, and what it reaches: ports, networks, links."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_storedog_gate.reading.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_storedog_gate.reading.table import Keys
    from pytest_storedog_gate.settings.services.compose.around import Around
    from pytest_storedog_gate.settings.services.compose.words import Words

_PORT = re.compile(
    r"(?:(?:(?P<host>[^:\[\]/]+|\[[^\]]+\]):)?(?P<published>[0-9-]*):)?(?P<target>[0-9-]+)"
    r"(?:/(?P<protocol>\w+))?"
)
_RANGE = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?")
# Of a port: for Swarm, or for people. Of a network: how it is made, which nobody in it is told.
_FOR_OTHERS = ("name", "mode", "app_protocol")
_MADE = ("name", "ipam", "labels", "attachable", "driver_opts", "enable_ipv4")


class Port(NamedTuple):
    """One of the container's, at `published` of the machine where it is said."""

    target: int
    protocol: str
    host: str
    published: int | None
    place: Keys


def ports(service: Table) -> list[Port]:
    """Those of `ports`, in short and in long syntax, ranges one by one."""
    said = service.data.get("ports") or []
    if not isinstance(said, list):
        raise service.error(("ports",), "must be a list")
    return [port for number, one in enumerate(said) for port in _ports(service, number, one)]


def _ports(service: Table, number: int, said: Any) -> Iterator[Port]:
    place = ("ports", number)
    if isinstance(said, dict):
        long = Table(said, service.document, (*service.path, *place))
        known = {"target", "published", "host_ip", "protocol", *_FOR_OTHERS}
        for key in said:
            if key not in known and not key.startswith("x-"):
                raise long.error((key,), "is nothing that the gate knows of a port; take it out")
        target, published = str(said.get("target", "")), str(said.get("published") or "")
        host, protocol = str(said.get("host_ip") or ""), str(said.get("protocol") or "tcp")
        host = f"[{host}]" if ":" in host else host
    else:
        found = _PORT.fullmatch(said) if isinstance(said, str) else None
        if found is None:
            raise service.error(place, f'{said!r} is no port; write "HOST:PUBLISHED:PORT"')
        target, published = found["target"], found["published"] or ""
        host, protocol = found["host"] or "", found["protocol"] or "tcp"
    targets = _numbers(service, place, target)
    at: list[int | None] = [*_numbers(service, place, published)] if published else []
    at = at or [None] * len(targets)
    if len(at) != len(targets):
        raise service.error(place, "is a range of another length on each side; write them out")
    for inside, outside in zip(targets, at, strict=True):
        yield Port(inside, protocol, host, outside, place)


def _numbers(service: Table, place: Keys, text: str) -> range:
    found = _RANGE.fullmatch(text)
    first, last = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
    if not 0 < first <= last < 65536:
        raise service.error(place, f"{text!r} is no port, nor a range of ports")
    return range(first, last + 1)


def port(words: Words, service: Table) -> None:
    """Its own: the first that it publishes, else the first that it exposes."""
    tcp = (port for port in ports(service) if port.protocol == "tcp")
    if first := next(tcp, None):
        words.set("port", first.target, first.place)
    elif exposed := service.data.get("expose"):
        if not isinstance(exposed, list):
            raise service.error(("expose",), "must be a list of ports")
        found = _PORT.fullmatch(str(exposed[0]))
        if found is None or found["published"] is not None:
            raise service.error(("expose", 0), f"{exposed[0]!r} is no port")
        words.set("port", _numbers(service, ("expose", 0), found["target"])[0], ("expose", 0))


def published(words: Words, service: Table, around: Around) -> None:
    """What is published, but for the service's own port, where the environment says that."""
    own = words.data.get("port", around.port)
    for port in ports(service):
        if around.published and port.target == own and port.protocol == "tcp":
            continue
        if port.published is None:
            raise service.error(
                port.place,
                f"{port.target} would be published where the engine likes; write "
                f'"PUBLISHED:{port.target}", or `expose` for other services alone',
            )
        host = f"{port.host}:" if port.host else ""
        text = f"{host}{port.published}:{port.target}/{port.protocol}"
        words.add("ports", text, port.place)


def networks(words: Words, service: Table, around: Around) -> None:
    """The networks that others have made, and those where it has a name of its own.

    The services of an environment have one network, in which they reach each other by name.
    """
    said = service.data.get("networks", ["default"])
    if isinstance(said, list):
        said = dict.fromkeys(map(str, said))
    if not isinstance(said, dict):
        raise service.error(("networks",), "must be a list or a mapping")
    words.set("networks", {}, ("networks",))
    for name, more in said.items():
        defined = around.defined("networks", name)
        if defined is None and name != "default":
            raise service.error(
                ("networks", name), f"{name!r} is not among the file's `networks`; add it there"
            )
        own = Table(more or {}, service.document, (*service.path, "networks", name))
        for key in own.data:
            if key != "aliases" and not key.startswith("x-"):
                raise own.error((key,), "is nothing that the gate gives a container; take it out")
        network = _network(defined) if defined else None
        aliases = [str(alias) for alias in own.data.get("aliases") or []]
        external = network is not None
        if external or aliases:
            extra = {"external": True} if external else {}
            words.put(
                "networks", network or name, {"aliases": aliases, **extra}, ("networks", name)
            )


def _network(network: Table) -> str | None:
    """What a network is called on the engine that others have made; None where nobody has."""
    if "external" in network.data and network.data["external"] != "false":
        external = network.data["external"]
        older = external.get("name") if isinstance(external, dict) else None
        return str(older or network.data.get("name") or network.name)
    for key, value in network.data.items():
        plain = {"driver": "bridge", "internal": "false", "enable_ipv6": "false"}.get(key)
        if key not in (*_MADE, "external") and value != plain and not key.startswith("x-"):
            raise network.error(
                (key,),
                "cannot be so: all services of an environment are in one network that the gate "
                "makes; take it out, or write `external: true` for one that you have made",
            )
    return None


def links(_words: Words, service: Table, _around: Around) -> None:
    """Services reach each other by name, and by no other."""
    for number, one in enumerate(service.data["links"]):
        name, _, alias = str(one).partition(":")
        if alias not in ("", name):
            raise service.error(
                ("links", number), f"services reach {name} by that name; use it in place of {alias}"
            )
