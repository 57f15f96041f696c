"""Receives mail by SMTP (RFC 5321), and delivers none: what it takes ends in the mailboxes."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from weakref import WeakSet

from aiosmtpd.smtp import SMTP, AuthResult

from pytest_storedog_gate.local_synthetics.mail.mailboxes import Mailboxes, read
from pytest_storedog_gate.outlets.plain_text import line

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncIterator

    from aiosmtpd.smtp import Envelope, Session

_LARGEST = 8 * 1024 * 1024  # bytes of one mail


class SmtpReceiver:
    """An SMTP server on a socket that listens already."""

    def __init__(self, listener: socket.socket) -> None:
        host, port = listener.getsockname()[:2]
        self.address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        """HOST:PORT."""
        self.mailboxes = Mailboxes()
        self._listener = listener

    @asynccontextmanager
    async def receiving(self) -> AsyncIterator[None]:
        """Take mail, to whatever address and with whatever credentials."""
        # Else what a client says wrong would be a line on standard error.
        logging.getLogger("mail.log").addHandler(logging.NullHandler())
        loop = asyncio.get_running_loop()
        clients: WeakSet[SMTP] = WeakSet()

        def client() -> SMTP:
            made = SMTP(
                self,  # whose `handle_` methods it calls
                data_size_limit=_LARGEST,
                enable_SMTPUTF8=True,
                hostname="localhost",
                ident="storedog-synthetics",
                auth_require_tls=False,
                authenticator=lambda *_: AuthResult(success=True),
                loop=loop,
            )
            clients.add(made)
            return made

        server = await loop.create_server(client, sock=self._listener)
        try:
            yield
        finally:
            server.close()
            for one in clients:
                if one.transport:
                    one.transport.close()

    async def handle_DATA(  # noqa: N802  # aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Keep a mail."""
        assert isinstance(envelope.content, bytes)  # noqa: S101  # decode_data is off
        # In a thread: reading a large mail takes seconds, in which checks go on.
        mail = await asyncio.to_thread(read, envelope.rcpt_tos, envelope.content)
        self.mailboxes.keep(mail, len(envelope.content))
        return "250 Message kept"

    async def handle_exception(self, error: Exception) -> str:
        """Answer for one that cannot be read."""
        reason = line(str(error)) if isinstance(error, ValueError) else type(error).__name__
        return f"554 The message cannot be read: {reason}"
