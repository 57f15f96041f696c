"""A registry between a real one and who asks, which changes what the real one answers."""

from __future__ import annotations

import http.server
import threading
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import requests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.verdicts.attestation.world import World


@contextmanager
def changing(
    world: World,
    change: Callable[[str, bytes], bytes] = lambda _, body: body,
    *,
    link: str = "",
) -> Iterator[World]:
    """The world through a registry that says what `change` makes of each answer's body.

    `link`: where each page of a list of referrers, which is at `{path}`, says that there is more.
    """

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = {"Accept": self.headers.get("Accept", "*/*")}
            url = f"{world.address}{self.path}"
            answer = requests.request(self.command, url, headers=asked, timeout=30)
            body = change(self.path, answer.content)
            self.send_response(answer.status_code)
            for name in ("Content-Type", "Docker-Content-Digest"):
                self.send_header(name, answer.headers.get(name, ""))
            length = len(body) if self.command == "GET" else answer.headers["Content-Length"]
            self.send_header("Content-Length", str(length))
            if link and "/referrers/" in self.path:
                self.send_header("Link", link.format(path=self.path))
            self.end_headers()
            self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815  # as http.server wants it

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield replace(world, address=f"http://127.0.0.1:{server.server_port}")
        server.shutdown()
