"""What is asked and looked at: a small shop, in a process of its own."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import uvicorn
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, JSONResponse
from starlette.routing import Route

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from starlette.requests import Request
    from starlette.responses import Response

_PAGE = """<!doctype html><html><head><title>Shop</title><link rel="icon" href="data:,"></head>
<body><h1 id="title">Dog shop</h1><form onsubmit="event.preventDefault();
  said.textContent = code.value + ' ' + size.value">
<input id="code"><select id="size"><option value="s">Small</option><option value="l">Large</option>
</select><button id="apply">Apply</button></form><output id="said"></output>
<a id="cart" href="/cart">Cart</a></body></html>"""
_CART = "<!doctype html><title>Cart</title><link rel='icon' href='data:,'><h1 id='title'>Cart</h1>"


async def _page(_request: Request) -> Response:
    return HTMLResponse(_PAGE)


async def _cart(_request: Request) -> Response:
    return HTMLResponse(_CART)


async def _discounts(request: Request) -> Response:
    await asyncio.sleep(float(request.query_params.get("after", "0")))
    return JSONResponse([{"code": "BFRIDAY", "value": 5}])


class Server(uvicorn.Server):
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        print(f"http://127.0.0.1:{self.servers[0].sockets[0].getsockname()[1]}", flush=True)


@dataclass(frozen=True)
class Started:
    """A process that listens."""

    url: str
    process_id: int


@contextmanager
def started(*arguments: str) -> Iterator[Started]:
    """Start a Python module that prints its URL at the end of its first line."""
    with subprocess.Popen(
        [sys.executable, "-m", *arguments], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            first_line = process.stdout.readline() if process.stdout else ""
            yield Started(first_line.split()[-1], process.pid)
        finally:
            process.terminate()


if __name__ == "__main__":
    routes = {"/": _page, "/cart": _cart, "/discounts": _discounts}
    app = Starlette(routes=[Route(path, answer) for path, answer in routes.items()])
    Server(uvicorn.Config(app, port=0, log_level="error", access_log=False)).run()
