"""The socket under the link."""

from __future__ import annotations

import select
import socket

from .link import Link, Received, Reset
from .packets import BreakIn, Data

__all__ = ["Closed", "Connection", "Restarted"]

_RESEND_AFTER = 2.0  # seconds


class Closed(Exception):
    """The debugger is gone."""


class Restarted(Exception):
    """The debugger has reset the link: it wants the last state change again."""


class Connection:
    """A debugger that connected. Break-ins are remembered in ``break_in`` until it is cleared."""

    def __init__(self, peer: socket.socket) -> None:
        if peer.family == socket.AF_INET:
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._peer = peer
        self._link = Link()
        self.break_in = False

    def restart(self) -> None:
        """The target's end begins anew."""
        self._link = Link()

    def send(self, kind: int, payload: bytes) -> None:
        """Sends a data packet and waits until it has arrived; raises Restarted and Closed."""
        self._link.send(kind, payload)
        self._flush()
        while self._link.is_waiting:
            if not self._fill(_RESEND_AFTER):
                self._link.resend()
                self._flush()
        if self._link.was_reset:
            self._link.next()
            raise Restarted

    def receive(self) -> Data:
        """The next data packet; raises Restarted and Closed."""
        while True:
            received = self._link.next()
            if received is None:
                self._fill(None)
            elif isinstance(received, Data):
                return received
            else:
                self._note(received)

    def poll(self, seconds: float) -> None:
        """Takes what has arrived, or arrives within ``seconds``, while the machine runs.

        Raises Closed. A reset is a wish to stop, too.
        """
        self._fill(seconds)
        while True:
            received = self._link.next()
            if received is None:
                return
            if isinstance(received, (BreakIn, Reset)):
                self.break_in = True

    def _note(self, received: Received) -> None:
        if isinstance(received, BreakIn):
            self.break_in = True
        elif isinstance(received, Reset):
            raise Restarted

    def _fill(self, seconds: float | None) -> bool:
        """Whether anything came within ``seconds`` (None: as long as it takes)."""
        if not select.select([self._peer], [], [], seconds)[0]:
            return False
        try:
            data = self._peer.recv(65536)
        except ConnectionError as error:
            raise Closed from error
        if not data:
            raise Closed
        self._link.receive(data)
        self._flush()
        return True

    def _flush(self) -> None:
        if self._link.output:
            try:
                self._peer.sendall(self._link.output)
            except ConnectionError as error:
                raise Closed from error
            self._link.output.clear()
