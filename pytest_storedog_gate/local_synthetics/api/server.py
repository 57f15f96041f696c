"""The service as a process: its socket, its signals and its end."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

import uvicorn

from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.local_synthetics.api.admission import Keys
from pytest_storedog_gate.local_synthetics.api.app import create_app
from pytest_storedog_gate.local_synthetics.api.arrival import ArrivalProtocol
from pytest_storedog_gate.local_synthetics.api.listening import listen, receiver_at
from pytest_storedog_gate.local_synthetics.chromium.attempts import Attempts

if TYPE_CHECKING:
    import argparse
    import socket
    from collections.abc import Iterator

    from pytest_storedog_gate.local_synthetics.api.app import Pages
    from pytest_storedog_gate.local_synthetics.chromium.browsers import Browsers
    from pytest_storedog_gate.local_synthetics.definitions.files import Catalog
    from pytest_storedog_gate.local_synthetics.mail.receiver import SmtpReceiver
    from pytest_storedog_gate.local_synthetics.variables.global_variables import Globals

# datadog-ci asks for all results in one URL: 28 bytes each, for as many as are kept.
_LONGEST_HEAD = 512 * 1024
_GRACE = 1  # s for the answers under way when the service ends
_LOOK = 0.005  # s between two looks whether they have gone


async def answer(
    options: argparse.Namespace,
    catalog: Catalog,
    known_globals: Globals,
    browsers: Browsers,
    pages: Pages | None,
) -> None:
    """Answer requests until the end: see `start.serve`. Raises ConfigurationError."""
    if options.key_from_stdin:
        keys = Keys(_first_line_of_stdin())
    else:
        keys = Keys(os.environ.get("DD_API_KEY", ""), os.environ.get("DD_APP_KEY", ""))
    if options.show_credentials and not (keys.api_key and keys.app_key):
        raise ConfigurationError(
            "--show-credentials needs keys, as whoever has none must not read credentials: set "
            "DD_API_KEY and DD_APP_KEY for the service"
        )
    receiver = receiver_at(options.smtp) if options.smtp else None
    store = None
    if options.database:
        from pytest_storedog_gate.local_synthetics.account.database import Store  # noqa: PLC0415

        store = Store(options.database)
    app = create_app(
        catalog,
        concurrency=options.concurrency,
        keys=keys,
        host=options.host,
        known_globals=known_globals,
        store=store,
        smtp=receiver,
        artifacts=Attempts.asked(options),
        credentials=options.show_credentials,
        soon=frozenset(options.soon),
        browsers=browsers,
        pages=pages,
    )
    config = uvicorn.Config(
        app,
        log_level="error",
        access_log=False,
        http=ArrivalProtocol,
        ws="none",
        h11_max_incomplete_event_size=_LONGEST_HEAD,
    )
    with listen(options.host, options.port) as listener:
        server = _Server(config, receiver, until_stdin_closes=options.until_stdin_closes)
        await server.serve([listener])


def _first_line_of_stdin() -> str:
    key = sys.stdin.readline().strip() if sys.stdin else ""
    if not key:
        raise ConfigurationError("--key-from-stdin: standard input has no key; write one line")
    return key


class _Server(uvicorn.Server):
    def __init__(
        self, config: uvicorn.Config, smtp: SmtpReceiver | None, *, until_stdin_closes: bool
    ) -> None:
        super().__init__(config)
        self._smtp = smtp
        self._until_stdin_closes = until_stdin_closes
        self._ending = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._until_stdin_closes:
            loop = asyncio.get_running_loop()
            threading.Thread(target=self._watch_stdin, args=[loop], daemon=True).start()
        for listener in sockets or []:
            host, port = listener.getsockname()[:2]
            shown = f"[{host}]" if ":" in host else host
            sys.stdout.write(f"listening on http://{shown}:{port}\n")
            if self._smtp:
                sys.stdout.write(f"receiving mail on smtp://{self._smtp.address}\n")
            sys.stdout.flush()

    async def main_loop(self) -> None:
        # uvicorn's own looks ten times a second for the end; each tenth of its ticks is for dates.
        for seconds in itertools.count():
            if await self.on_tick(seconds * 10):
                return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), 1)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # uvicorn's own looks ten times a second as well, and waits for the first look in any case.
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GRACE):
                # There is no event for it.
                while self.server_state.connections or self.server_state.tasks:  # noqa: ASYNC110
                    await asyncio.sleep(_LOOK)
        for answering in self.server_state.tasks:
            answering.cancel()
        await self.lifespan.shutdown()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        # uvicorn's own raises the signal again at the end, which is an ugly end for SIGINT.
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        yield

    def _stop(self) -> None:
        self.should_exit = True
        self._ending.set()

    def _watch_stdin(self, loop: asyncio.AbstractEventLoop) -> None:
        # An error means that there is no standard input, which is its end too.
        with contextlib.suppress(OSError):
            while os.read(0, 65536):
                pass
        with contextlib.suppress(RuntimeError):  # the loop has ended already
            loop.call_soon_threadsafe(self._stop)
