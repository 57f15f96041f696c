"""How long a request may take to arrive: else who sends half of one keeps a connection for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio

PATIENCE = 30.0
"""Seconds for all of a request, from the connection or the answer before it."""


class ArrivalProtocol(H11Protocol):
    """HTTP/1.1 that answers whoever takes too long with 400, and ends the connection."""

    def connection_made(self, transport: Any) -> None:
        """What asyncio calls."""
        super().connection_made(transport)
        self._late = self._awaited()

    def connection_lost(self, exc: Exception | None) -> None:
        """What asyncio calls."""
        self._late.cancel()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        """What uvicorn calls: the next request may come."""
        self._late.cancel()
        self._late = self._awaited()
        super().on_response_complete()

    def _awaited(self) -> asyncio.TimerHandle:
        return self.loop.call_later(PATIENCE, self._give_up)

    def _give_up(self) -> None:
        if self.conn.their_state not in (h11.IDLE, h11.SEND_BODY) or self.transport.is_closing():
            return  # it has arrived, and is being answered
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            self.send_400_response(f"The request did not arrive within {PATIENCE:g} s.")
        else:
            self.transport.close()
