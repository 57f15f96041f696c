"""A registry at its worst: it stands for a broken disk, a lost login, a proxy's error page.

It tells a manifest truly, and then serves the blobs as `fault` says.
"""

from __future__ import annotations

import hashlib
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


_CONFIG, _LAYER = b'{"architecture":"amd64","os":"linux"}', b"a layer"
_BODY = json.dumps(
    {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {
            "mediaType": "application/vnd.docker.container.image.v1+json",
            "size": len(_CONFIG),
            "digest": _digest(_CONFIG),
        },
        "layers": [
            {
                "mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip",
                "size": len(_LAYER),
                "digest": _digest(_LAYER),
            }
        ],
    }
).encode()


class _Handler(BaseHTTPRequestHandler):
    fault = ""

    def do_GET(self) -> None:
        if self.fault == "unauthorised":
            self._answer(401, b'{"errors":[{"code":"UNAUTHORIZED","message":"log in"}]}')
        elif self.path == "/v2/":
            self._answer(200, b"{}")
        elif "/manifests/" in self.path:
            self._answer(200, _BODY)
        elif self.fault == "lost blob":
            self._answer(404, b'{"errors":[{"code":"BLOB_UNKNOWN","message":"blob unknown"}]}')
        else:
            self._answer(200, b"not what the manifest says")

    def do_HEAD(self) -> None:
        self.do_GET()

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        if status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="registry"')
        self.send_header("Content-Type", MANIFEST if body is _BODY else "application/json")
        self.send_header("Docker-Content-Digest", _digest(body))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def fault_registry(fault: str) -> Iterator[str]:
    """The address of a registry with this fault: lost blob, garbled blob or unauthorised."""
    handler = type("Handler", (_Handler,), {"fault": fault})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
