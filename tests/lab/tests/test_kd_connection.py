"""The socket under KD's link: what a debugger does at the other end."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from tests.lab.kd.connection import Closed, Connection, Restarted
from tests.lab.kd.packets import ACKNOWLEDGE, BREAK_IN, RESET, Data, control_packet, data_packet

FIRST, SECOND = 0x80800000, 0x80800001
SYNC = 0x800
QUESTION = data_packet(2, FIRST, b"question")


class Debugger:
    """The other end; what it sends is there before the target asks for it."""

    def __init__(self, here: socket.socket, there: socket.socket) -> None:
        self.connection = Connection(there)
        self.socket = here

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def received(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            data += self.socket.recv(size - len(data))
        return data


@pytest.fixture
def debugger() -> Iterator[Debugger]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        here = socket.create_connection(listener.getsockname(), timeout=600)
        there, _ = listener.accept()
    with here, there:
        yield Debugger(here, there)


def test_sending_waits_for_the_acknowledgement(debugger: Debugger) -> None:
    debugger.send(control_packet(ACKNOWLEDGE, FIRST))
    debugger.connection.send(7, b"state")
    expected = data_packet(7, FIRST | SYNC, b"state")
    assert debugger.received(len(expected)) == expected


def test_receiving_acknowledges(debugger: Debugger) -> None:
    debugger.send(QUESTION)
    assert debugger.connection.receive() == Data(2, FIRST, b"question")
    assert debugger.received(16) == control_packet(ACKNOWLEDGE, FIRST)


def test_a_break_in_is_remembered_until_it_is_cleared(debugger: Debugger) -> None:
    debugger.connection.poll(0)
    assert not debugger.connection.break_in
    debugger.send(bytes([BREAK_IN]))
    debugger.connection.poll(600)
    assert debugger.connection.break_in


def test_a_break_in_behind_a_packet_comes_after_it(debugger: Debugger) -> None:
    debugger.send(QUESTION + bytes([BREAK_IN]))
    debugger.connection.receive()
    assert not debugger.connection.break_in
    debugger.connection.poll(0)
    assert debugger.connection.break_in


def test_a_reset_while_running_is_a_wish_to_stop(debugger: Debugger) -> None:
    debugger.send(control_packet(RESET, 0))
    debugger.connection.poll(600)
    assert debugger.connection.break_in


@pytest.mark.parametrize("is_sending", [True, False], ids=["sending", "receiving"])
def test_a_reset_during_a_stop_is_told(debugger: Debugger, is_sending: bool) -> None:
    debugger.send(control_packet(RESET, 0))
    with pytest.raises(Restarted):
        if is_sending:
            debugger.connection.send(7, b"state")
        else:
            debugger.connection.receive()
    debugger.send(QUESTION)  # and only once
    assert debugger.connection.receive().payload == b"question"


def test_a_debugger_that_goes_is_told(debugger: Debugger) -> None:
    debugger.socket.close()
    with pytest.raises(Closed):
        debugger.connection.receive()
