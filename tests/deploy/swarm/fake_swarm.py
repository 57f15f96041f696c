"""A manager's API below Docker's SDK, whose Swarm has done everything at once.

It stands for what a real Swarm does on a good day, and for faults. The real one has tests of its
own, in tests/swarm.
"""

from __future__ import annotations

import copy
import json
import socket
import threading
import uuid
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple, Self
from urllib.parse import parse_qs, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

Thing = dict[str, Any]
Answer = tuple[int, Any]
NODES = {"n1": ("manager", "10.9.9.1"), "n2": ("worker", "10.9.9.2")}


class _Call(NamedTuple):
    method: str
    asked: dict[str, str]
    body: Thing
    filters: dict[str, list[str]]


class Refused(Exception):
    """What the API refuses, with its status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class FakeSwarm:
    """`bad` images end. Tasks of an earlier template answer for `lingers` looks at the tasks.

    `answered` are the images that have ever answered for a service, by its name. What publishes a
    port of the manager listens there.
    """

    def __init__(self) -> None:
        self.services: dict[str, Thing] = {}
        self.tasks: list[Thing] = []
        self.configs: dict[str, Thing] = {}
        self.nodes = [_node(each) for each in NODES]
        self.bad: set[str] = set()
        self.lingers = 2
        self.listens = True
        self.calls: list[str] = []
        self.answered: dict[str, set[str]] = {}
        self._version = 0
        self._listening: dict[str, socket.socket] = {}
        self._lock = threading.RLock()

    def __enter__(self) -> Self:
        handler = type("Handler", (_Handler,), {"swarm": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        for each in self._listening.values():
            each.close()

    @property
    def address(self) -> str:
        return f"tcp://127.0.0.1:{self._server.server_port}"

    def create(self, spec: Thing) -> Thing:
        """As a person would."""
        with self._lock:
            if spec["Name"] in self.services:
                raise Refused(409, f"service {spec['Name']} already exists")
            made = {"ID": f"s-{uuid.uuid4().hex[:8]}", "CreatedAt": _now(), "Spec": spec}
            self.services[spec["Name"]] = made
            self._changed(made)
            self._run(made)
            return made

    def update(self, name: str, **said: Any) -> None:
        """As a person would, without asking."""
        with self._lock:
            self._update(self.services[name], {**self.services[name]["Spec"], **said})

    def remove(self, name: str) -> None:
        with self._lock:
            gone = self.services.pop(name)
            self.tasks = [each for each in self.tasks if each["ServiceID"] != gone["ID"]]
            if (listening := self._listening.pop(name, None)) is not None:
                listening.close()

    def answering(self, name: str) -> set[str]:
        """The images of the tasks that have traffic."""
        with self._lock:
            own = self.services[name]["ID"] if name in self.services else None
            return {
                each["Spec"]["ContainerSpec"]["Image"]
                for each in self.tasks
                if each["ServiceID"] == own
                and each["Status"]["State"] == each["DesiredState"] == "running"
            }

    def handle(self, method: str, path: str, body: Thing) -> Answer:
        """What the API answers to a call."""
        url = urlsplit(path)
        parts = [unquote(each) for each in url.path.strip("/").split("/")]
        parts = parts[1:] if parts[0].startswith("v1.") else parts
        asked = {key: values[0] for key, values in parse_qs(url.query).items()}
        call = _Call(method, asked, body, json.loads(asked.get("filters", "{}")))
        with self._lock:
            self.calls.append(f"{method} {'/'.join(parts)}")
            try:
                answer: Answer = getattr(self, f"_on_{parts[0]}")(call, *parts[1:])
            except Refused as error:
                answer = error.status, {"message": str(error)}
        return answer

    def _on_version(self, _call: _Call) -> Answer:
        return 200, {"ApiVersion": "1.41"}

    def _on_info(self, _call: _Call) -> Answer:
        swarm = {"ControlAvailable": True, "NodeID": "n1"}
        return 200, {"Swarm": swarm, "SystemTime": _now()}

    def _on_nodes(self, _call: _Call) -> Answer:
        return 200, list(self.nodes)

    def _on_networks(self, _call: _Call, network: str) -> Answer:
        return 200, {"Driver": "host" if network == "host" else "overlay"}

    def _on_distribution(self, _call: _Call, *name: str) -> Answer:
        digest = "/".join(name[:-1]).partition("@")[2]
        return 200, {"Descriptor": {"digest": digest}}

    def _on_services(self, call: _Call, wanted: str = "", _update: str = "") -> Answer:
        if call.method == "GET" and not wanted:
            return 200, [each for each in self.services.values() if _has(each, call.filters)]
        if call.method == "GET":
            return 200, _found(self.services.get(wanted), wanted)
        if wanted == "create":
            return 201, {"ID": self.create(call.body)["ID"]}
        name = _named(self.services, wanted)
        if call.method == "DELETE":
            self.remove(name)
        else:
            _require_version(self.services[name], call.asked)
            self._update(self.services[name], call.body)
        return 200, {}

    def _on_tasks(self, call: _Call, _task: str = "", logs: str = "") -> Answer:
        if logs:
            text = b"cannot start\n"
            return 200, b"\x01\0\0\0" + len(text).to_bytes(4) + text
        (name,) = call.filters["service"]
        return 200, list(self._looked_at(_found(self.services.get(name), name)))

    def _on_configs(self, call: _Call, wanted: str = "", _update: str = "") -> Answer:
        if call.method == "GET":
            (begin,) = call.filters["name"]
            return 200, [each for name, each in self.configs.items() if name.startswith(begin)]
        if wanted == "create":
            if call.body["Name"] in self.configs:
                raise Refused(409, f"config {call.body['Name']} already exists")
            made = {"ID": f"c-{uuid.uuid4().hex[:8]}", "CreatedAt": _now(), "Spec": call.body}
            self.configs[call.body["Name"]] = made
            self._changed(made)
            return 201, {"ID": made["ID"]}
        name = _named(self.configs, wanted)
        if call.method == "DELETE":
            del self.configs[name]
        else:
            _require_version(self.configs[name], call.asked)
            self.configs[name]["Spec"] = call.body
            self._changed(self.configs[name])
        return 200, {}

    def _update(self, service: Thing, spec: Thing) -> None:
        before = service["Spec"]
        service["Spec"] = copy.deepcopy(spec)
        self._changed(service)
        # What needs no new task has no status.
        service.pop("UpdateStatus", None)
        if (before["TaskTemplate"], before["Mode"]) != (spec["TaskTemplate"], spec["Mode"]):
            self._run(service)

    def _run(self, service: Thing) -> None:
        name, spec = service["Spec"]["Name"], service["Spec"]
        template, wanted = spec["TaskTemplate"], spec["Mode"]["Replicated"]["Replicas"]
        image = template["ContainerSpec"]["Image"]
        own = [each for each in self.tasks if each["ServiceID"] == service["ID"]]
        if image in self.bad:
            failed = {"Err": "task: non-zero exit (3)", "ContainerStatus": {"ExitCode": 3}}
            self._start(service, "shutdown", {"State": "failed", **failed})
            service["UpdateStatus"] = {"State": "paused", "Message": "update paused"}
            return
        standing = [e for e in own if e["Spec"] == template and e["DesiredState"] == "running"]
        for each in own:
            if each["DesiredState"] == "running" and each not in standing[:wanted]:
                each["DesiredState"], each["lingers"] = "shutdown", self.lingers
        for _ in range(wanted - len(standing)):
            self._start(service, "running", {"State": "running"})
        service["UpdateStatus"] = {"State": "completed", "Message": "update completed"}
        self.answered.setdefault(name, set()).add(image)
        self._listen(name, spec)

    def _start(self, service: Thing, desired: str, status: Thing) -> None:
        template = copy.deepcopy(service["Spec"]["TaskTemplate"])
        constraints = (template.get("Placement") or {}).get("Constraints") or ()
        pinned = [each.partition("==")[2] for each in constraints if each.startswith("node.id==")]
        task = {"ID": f"t-{uuid.uuid4().hex[:8]}", "ServiceID": service["ID"], "Status": status}
        node = next(iter(pinned), "n2")
        self.tasks.append({**task, "DesiredState": desired, "Spec": template, "NodeID": node})

    def _listen(self, name: str, spec: Thing) -> None:
        ports = [each["PublishedPort"] for each in spec.get("EndpointSpec", {}).get("Ports", ())]
        if ports and self.listens and name not in self._listening:
            self._listening[name] = socket.create_server(("127.0.0.1", ports[0]))

    def _looked_at(self, service: Thing) -> Iterator[Thing]:
        for each in self.tasks:
            if each["ServiceID"] == service["ID"]:
                yield copy.deepcopy({key: said for key, said in each.items() if key != "lingers"})
                if "lingers" in each:
                    each["lingers"] -= 1
                    if each["lingers"] <= 0:
                        del each["lingers"]
                        each["Status"] = {"State": "shutdown"}

    def _changed(self, thing: Thing) -> None:
        self._version += 1
        thing["Version"], thing["UpdatedAt"] = {"Index": self._version}, _now()


class _Handler(BaseHTTPRequestHandler):
    swarm: FakeSwarm
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one piece: else the client waits for the second one

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, said = self.swarm.handle(self.command, self.path, json.loads(body) if body else {})
        data = said if isinstance(said, bytes) else json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_DELETE = _answer  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass


def service(name: str, image: str, *, replicas: int = 1, **container: Any) -> Thing:
    """What a stack would say; in its network others find it by `shop`, too."""
    return {
        "Name": name,
        "Labels": {"com.docker.stack.namespace": "somebody"},
        "TaskTemplate": {
            "ContainerSpec": {"Image": image, **container},
            "Networks": [{"Target": "net-1", "Aliases": ["shop"]}],
        },
        "Mode": {"Replicated": {"Replicas": replicas}},
        "EndpointSpec": {"Mode": "dnsrr"},
    }


def _node(node: str) -> Thing:
    name, address = NODES[node]
    status = {"State": "ready", "Addr": address}
    about = {"Description": {"Hostname": name}, "Spec": {"Availability": "active"}}
    return {"ID": node, "Status": status, **about}


def _has(service: Thing, filters: dict[str, list[str]]) -> bool:
    wanted = (each.partition("=") for each in filters.get("label", ()))
    labels = service["Spec"].get("Labels") or {}
    return all(labels.get(key) == text for key, _, text in wanted)


def _found(thing: Thing | None, name: str) -> Thing:
    if thing is None:
        raise Refused(404, f"{name} not found")
    return thing


def _named(things: dict[str, Thing], wanted: str) -> str:
    """The name of the one with an ID."""
    for name, each in things.items():
        if each["ID"] == wanted:
            return name
    raise Refused(404, f"{wanted} not found")


def _require_version(thing: Thing, asked: dict[str, str]) -> None:
    if int(asked["version"]) != thing["Version"]["Index"]:
        raise Refused(500, "rpc error: code = Unknown desc = update out of sequence")


def _now() -> str:
    return datetime.now(UTC).isoformat()
