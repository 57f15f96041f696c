"""An API server below lightkube's client, whose controllers are done at once.

It stands for what a real cluster does on a good day, and for faults. The real one has tests of its
own, in tests/kubernetes.
"""

from __future__ import annotations

import copy
import hashlib
import json
import threading
import uuid
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Thing = dict[str, Any]


class FakeCluster:
    """`bad` images crash. Pods of an earlier template stay for `lingers` looks at the pods."""

    def __init__(self) -> None:
        self.things: dict[tuple[str, str], Thing] = {}
        self.bad: set[str] = set()
        self.lingers = 2
        self.calls: list[str] = []
        self.answers: Callable[[str, str, str], tuple[int, str] | None] = lambda *_: None
        self._version = 0
        self._lock = threading.RLock()

    def __enter__(self) -> Self:
        handler = type("Handler", (_Handler,), {"cluster": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def kubeconfig(self) -> str:
        """Its text."""
        return json.dumps(
            {
                "current-context": "fake",
                "contexts": [
                    {"name": "fake", "context": {"cluster": "fake", "user": "me", "namespace": "n"}}
                ],
                "clusters": [
                    {
                        "name": "fake",
                        "cluster": {"server": f"http://127.0.0.1:{self._server.server_port}"},
                    }
                ],
                "users": [{"name": "me", "user": {"token": "hunter2-secret"}}],
            }
        )

    def apply(self, plural: str, thing: Thing) -> None:
        """As a person would make it, or a part of it."""
        with self._lock:
            self.write(plural, thing["metadata"]["name"], thing)

    def get(self, plural: str, name: str) -> Thing:
        return self.things[plural, name]

    def change(self, plural: str, name: str, change: Thing) -> None:
        """As a person would patch it."""
        with self._lock:
            self.write(plural, name, merged(self.things[plural, name], change))

    def answering(self, service: str) -> set[str]:
        """The images of who has the traffic of a Service."""
        with self._lock:
            found = self.things.get(("endpointslices", service), {"endpoints": []})["endpoints"]
            pods = [self.things["pods", each["targetRef"]["name"]] for each in found]
        return {pod["spec"]["containers"][0]["image"] for pod in pods}

    def handle(self, method: str, path: str, body: Thing) -> tuple[int, Thing | str] | None:
        """What the API answers to a call; None for a connection that ends without an answer."""
        url = urlsplit(path)
        parts = url.path.strip("/").split("/")
        parts = parts[parts.index("namespaces") + 2 :]
        plural, name = parts[0], (parts[1] if len(parts) > 1 else "")
        asked = {key: values[0] for key, values in parse_qs(url.query).items()}
        with self._lock:
            self.calls.append(f"{method} {'/'.join(parts)}")
            if (answer := self.answers(method, plural, name)) is not None:
                return answer if answer[0] == HTTPStatus.OK else (answer[0], _status(*answer))
            if parts[2:] == ["log"]:
                return 200, "cannot start\n"
            return self._handle(method, plural, name, body, asked)

    def _handle(
        self, method: str, plural: str, name: str, body: Thing, asked: dict[str, str]
    ) -> tuple[int, Thing]:
        if method == "POST":
            name = body["metadata"]["name"]
            if (plural, name) in self.things:
                return 409, _status(409, f"{plural} {name!r} already exists")
            return 201, self.write(plural, name, body)
        if method == "GET" and not name:
            return 200, {"items": list(self._selected(plural, asked)), "metadata": {}}
        found = self.things.get((plural, name))
        if found is None:
            return self._absent(method, plural, name, body)
        if method == "GET":
            return 200, found
        if method == "DELETE":
            return self._delete(plural, name, body["preconditions"]["uid"])
        version = body["metadata"].get("resourceVersion")
        if version is not None and version != found["metadata"]["resourceVersion"]:
            return 409, _status(409, "the object has been modified; apply your changes to the lat")
        after = body if method == "PUT" else merged(found, body)
        if asked.get("dryRun") == "All":
            return 200, after
        return 200, self.write(plural, name, after)

    def _delete(self, plural: str, name: str, uid: str) -> tuple[int, Thing]:
        if uid != self.things[plural, name]["metadata"]["uid"]:
            return 409, _status(409, "Precondition failed: UID in precondition")
        self._remove(plural, name)
        return 200, _status(200, "")

    def _absent(self, method: str, plural: str, name: str, body: Thing) -> tuple[int, Thing]:
        """The real one makes a Lease that is to be replaced, whatever its version was."""
        if (method, plural) != ("PUT", "leases"):
            return 404, _status(404, f"{plural} {name!r} not found")
        if body["metadata"].get("uid") is not None:
            return 409, _status(409, "Precondition failed: UID in precondition")
        return 201, self.write(plural, name, body)

    def write(self, plural: str, name: str, thing: Thing) -> Thing:
        """Stores it, and lets the controllers do what follows."""
        before = self.things.get((plural, name))
        after = copy.deepcopy(thing)
        known: Thing = before["metadata"] if before else {"uid": str(uuid.uuid4())}
        self._version += 1
        metadata = after["metadata"]
        metadata["uid"], metadata["resourceVersion"] = known["uid"], str(self._version)
        changed = before is None or before.get("spec") != after.get("spec")
        metadata["generation"] = known.get("generation", 0) + changed
        metadata.setdefault("creationTimestamp", datetime.now(UTC).isoformat())
        self.things[plural, name] = after
        if plural == "deployments":
            self._roll_out(after)
        if plural in ("deployments", "services"):
            self._lead()
        return self.things[plural, name]

    def _roll_out(self, deployment: Thing) -> None:
        name, spec = deployment["metadata"]["name"], deployment["spec"]
        uid, wanted = deployment["metadata"]["uid"], spec.get("replicas", 1)
        text = json.dumps(spec["template"], sort_keys=True)
        short = hashlib.sha256(text.encode()).hexdigest()[:8]
        template = copy.deepcopy(spec["template"])
        template["metadata"]["labels"]["pod-template-hash"] = short
        if spec.get("paused"):
            return
        labels = template["metadata"]["labels"]
        current = f"{name}-{short}"
        self._put("replicasets", current, labels, uid, {"template": template})
        owner = self.things["replicasets", current]["metadata"]["uid"]
        image = template["spec"]["containers"][0]["image"]
        crashes = image in self.bad
        standing = [
            pod
            for (plural, _), pod in self.things.items()
            if plural == "pods"
            and _owner(pod) == owner
            and "deletionTimestamp" not in pod["metadata"]
            and pod["status"]["phase"] != "Failed"
        ]
        for _ in range((1 if crashes else wanted) - len(standing)):
            pod = f"{current}-{uuid.uuid4().hex[:5]}"
            self._put("pods", pod, labels, owner, template["spec"])
            self.things["pods", pod]["status"] = crashed(image) if crashes else _ready(image)
        if not crashes:
            for other in self._of(uid, {current}):
                other["metadata"].setdefault("deletionTimestamp", "2026-01-01T00:00:00Z")
                other["lingers"] = self.lingers
        count = 0 if crashes else wanted
        deployment["status"] = {
            "observedGeneration": deployment["metadata"]["generation"],
            "replicas": wanted,
            "updatedReplicas": 1 if crashes else wanted,
            "readyReplicas": count,
            "availableReplicas": count,
        }

    def _of(self, uid: str, without: set[str]) -> Iterator[Thing]:
        """The pods of a Deployment, without those of these ReplicaSets."""
        sets = {
            thing["metadata"]["uid"]
            for (plural, name), thing in self.things.items()
            if plural == "replicasets" and _owner(thing) == uid and name not in without
        }
        pods = [t for (plural, _), t in self.things.items() if plural == "pods"]
        # The real one leaves those that have failed where they are, too.
        return (p for p in pods if _owner(p) in sets and p["status"]["phase"] != "Failed")

    def _lead(self) -> None:
        """Each Service leads to the ready pods that it selects."""
        services = [thing for (plural, _), thing in self.things.items() if plural == "services"]
        for service in services:
            name, wanted = service["metadata"]["name"], service["spec"]["selector"].items()
            ready = [
                thing["metadata"]["name"]
                for (plural, _), thing in self.things.items()
                if plural == "pods"
                and wanted <= thing["metadata"]["labels"].items()
                and "deletionTimestamp" not in thing["metadata"]
                and thing["status"]["conditions"]
            ]
            self.things["endpointslices", name] = {
                "metadata": {
                    "name": name,
                    "labels": {"kubernetes.io/service-name": name},
                    "resourceVersion": str(self._version),
                },
                "addressType": "IPv4",
                "ports": [{"port": 8080}],
                "endpoints": [
                    {
                        "addresses": ["10.0.0.1"],
                        "conditions": {"ready": True},
                        "targetRef": {"kind": "Pod", "name": pod},
                    }
                    for pod in ready
                ],
            }

    def _selected(self, plural: str, asked: dict[str, str]) -> Iterator[Thing]:
        wanted = dict(part.split("=") for part in asked.get("labelSelector", "").split(",") if part)
        found = [
            (name, thing)
            for (kind, name), thing in self.things.items()
            if kind == plural and wanted.items() <= thing["metadata"].get("labels", {}).items()
        ]
        for name, thing in found:
            yield copy.deepcopy({key: part for key, part in thing.items() if key != "lingers"})
            if "lingers" in thing:
                thing["lingers"] -= 1
                if thing["lingers"] <= 0:
                    del self.things[plural, name]

    def _remove(self, plural: str, name: str) -> None:
        thing = self.things.pop((plural, name))
        uid = thing["metadata"]["uid"]
        for key, each in list(self.things.items()):
            if _owner(each) == uid:
                self._remove(*key)
        self.things.pop(("endpointslices", name), None) if plural == "services" else None
        self._lead()

    def _put(self, plural: str, name: str, labels: dict[str, str], owner: str, spec: Thing) -> None:
        owners = [{"uid": owner, "controller": True, "kind": "", "name": "", "apiVersion": ""}]
        metadata = {"name": name, "labels": labels, "ownerReferences": owners}
        if plural == "replicasets":
            spec = {**spec, "selector": {"matchLabels": labels}}
        if (plural, name) not in self.things:
            self.write(plural, name, {"metadata": metadata, "spec": spec})


class _Handler(BaseHTTPRequestHandler):
    cluster: FakeCluster
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one piece: else the client waits for the second one

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        answer = self.cluster.handle(self.command, self.path, json.loads(body) if body else {})
        if answer is None:
            self.close_connection = True
            return
        status, said = answer
        data = (said if isinstance(said, str) else json.dumps(said)).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass


def merged(before: Thing, change: Thing) -> Thing:
    """A strategic merge patch: None takes a key out, and containers are merged by their name."""
    after = copy.deepcopy(before)
    for key, value in change.items():
        if value is None:
            after.pop(key, None)
        elif isinstance(value, dict):
            after[key] = merged(after.get(key, {}), value)
        elif key == "containers":
            changes = {each["name"]: each for each in value}
            after[key] = [{**each, **changes.get(each["name"], {})} for each in after[key]]
        else:
            after[key] = value
    return after


def deployment(name: str, image: str, *, replicas: int = 1, **more: Any) -> Thing:
    """What a manifest would say."""
    labels = {"app": name}
    return {
        "metadata": {"name": name, **more},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": name, "image": image}]},
            },
        },
    }


def service(name: str) -> Thing:
    """What a manifest would say."""
    return {
        "metadata": {"name": name},
        "spec": {"selector": {"app": name}, "ports": [{"port": 80, "targetPort": 8080}]},
    }


def _ready(image: str) -> Thing:
    running = {"startedAt": "2026-01-01T00:00:00Z"}
    status = {"ready": True, "restartCount": 0, "imageID": image, "state": {"running": running}}
    return {
        "phase": "Running",
        "conditions": [{"type": "Ready", "status": "True"}],
        "containerStatuses": [{"name": "shop", "image": image, **status}],
    }


def crashed(image: str) -> Thing:
    """The status of a pod whose container ends again and again."""
    waiting = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}}
    last = {"terminated": {"exitCode": 3}}
    status = {"ready": False, "restartCount": 2, "imageID": image, "state": waiting}
    return {
        "phase": "Running",
        "conditions": [],
        "containerStatuses": [{"name": "shop", "image": image, "lastState": last, **status}],
    }


def _owner(thing: Thing) -> str | None:
    owners = thing["metadata"].get("ownerReferences") or ()
    return next((str(each["uid"]) for each in owners if each.get("controller")), None)


def _status(code: int, message: str) -> Thing:
    return {"kind": "Status", "apiVersion": "v1", "code": code, "message": message, "metadata": {}}
