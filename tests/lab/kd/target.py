"""The target: a live lab that serves a debugger until it goes away."""

from __future__ import annotations

import socket
from collections import Counter
from threading import Lock
from typing import Any, Callable, Union

from .balance import balance
from .clock import Clock
from .connection import Connection, Restarted
from .control_space import ControlSpace
from .events import BREAKPOINT, SINGLE_STEP, Event, Raised, Said, Symbols
from .lab import LiveLab
from .packets import DEBUG_IO, STATE_CHANGE, STATE_MANIPULATE
from .requests import Continue, Requests, SwitchProcessor
from .state_change import exception_packet, print_packet, symbols_packet
from .structures import layouts

__all__ = ["Target"]

_IDLE_WAIT = 0.05  # seconds

Stop = Union[Raised, Symbols]


class Target:
    """``counts``: KD requests and stops by kind, from the connection on.

    :meth:`state` may be asked from another thread.
    """

    def __init__(self, lab: LiveLab, pace: float, next_boot: Callable[[], LiveLab]) -> None:
        """``pace``: seconds of rest after every operation of a thread. ``next_boot`` is what a
        reboot leads to."""
        self.counts: Counter[str] = Counter()
        self._pace = pace
        self._next_boot = next_boot
        self._running = Lock()  # held while the emulator is at work
        self._boot(lab)

    def _boot(self, lab: LiveLab) -> None:
        self._lab = lab
        self._machine = lab.machine
        self._clock = Clock(lab.world, lab.machine.memory)
        control_space = ControlSpace(lab.machine, lab.special_registers)
        self.requests = Requests(lab.machine, self.counts, lab.version, control_space)

    def serve(self, peer: socket.socket) -> None:
        """Runs until the debugger closes the connection; raises Closed then.

        The target is stopped when the debugger connects, as one that was started with /break.
        """
        connection = Connection(peer)
        while not connection.break_in:
            connection.poll(1.0)
        resumed = self._stop(connection, self._break_in(connection))
        connection.break_in = False  # the debugger asks several times while it connects
        while True:
            event = self._step() if resumed.trace else self._run(connection)
            if isinstance(event, Said):
                self._say(connection, event)
                if not resumed.trace:
                    continue
                event = Raised(SINGLE_STEP, self._machine.program_counter)
            if isinstance(event, Symbols) and not event.unload:
                self._map(event, is_there=True)
            resumed = self._stop(connection, event)
            if isinstance(event, Symbols) and event.unload and not event.is_reboot:
                self._map(event, is_there=False)
            if isinstance(event, Symbols) and event.is_reboot:
                with self._running:
                    self._boot(self._next_boot())
                connection.restart()
                resumed = self._stop(connection, self._lab.kernel_image)

    def _map(self, image: Symbols, is_there: bool) -> None:
        with self._running:
            self._machine.memory.map(image.base, image.size, is_there)

    def state(self) -> dict[str, Any]:
        """What has come of every operation, and what the debugger has set.

        ``operations``: by thread of the script, each with ``kind``, ``status`` (what its caller got
        last) and ``count`` (how often it was done). ``breakpoints``: VAs of what is patched at the
        moment. ``hardware``: VAs that a Dr7 enables. The rest: :func:`.balance.balance`.
        """
        with self._running:
            return {
                "operations": [self._operations(*each) for each in self._lab.operations],
                "breakpoints": sorted(self._machine.breakpoints.addresses()),
                "hardware": sorted(self._machine.watched_addresses()),
                **balance(self._lab.world, self._machine.memory),
            }

    def _operations(self, kinds: list[str], addresses: list[int]) -> list[dict[str, Any]]:
        unsigned = self._machine.memory.unsigned
        at = layouts(self._machine.architecture.pointer_size).operation.at
        return [
            {
                "kind": kind,
                "status": unsigned(each + at["Status"], 4),
                "count": unsigned(each + at["Count"], 4),
            }
            for kind, each in zip(kinds, addresses)
        ]

    def _step(self) -> Event:
        with self._running:
            if self._lab.runs_on:
                self._machine.run_others()
            return self._machine.step()

    def _run(self, connection: Connection) -> Event:
        """Runs until there is something to tell."""
        while True:
            with self._running:
                self._clock.tick()
                event = self._machine.run()
            if event is not None:
                return event
            connection.poll(_IDLE_WAIT if self._machine.is_idle else self._pace)
            if connection.break_in:
                return self._break_in(connection)

    def _break_in(self, connection: Connection) -> Raised:
        """One that comes during a stop is remembered, as Windows does (KdpControlCPending)."""
        connection.break_in = False
        return Raised(BREAKPOINT, self._machine.program_counter)

    def _stop(self, connection: Connection, stop: Stop) -> Continue:
        """Tells the debugger, and answers it until it lets the target go on."""
        self.counts["stop"] += 1
        while True:
            try:
                if isinstance(stop, Symbols):
                    packet = symbols_packet(self._machine, stop)
                else:
                    packet = exception_packet(self._machine, stop)
                connection.send(STATE_CHANGE, packet)
                answer = self._answer(connection)
            except Restarted:
                continue
            if isinstance(answer, Continue):
                return answer
            self._machine.current = self._machine.processors[answer.number]

    def _answer(self, connection: Connection) -> Continue | SwitchProcessor:
        while True:
            packet = connection.receive()
            if packet.type != STATE_MANIPULATE:
                continue
            answer = self.requests.answer(packet.payload)
            if isinstance(answer, (Continue, SwitchProcessor)):
                return answer
            if answer is not None:
                connection.send(STATE_MANIPULATE, answer)

    def _say(self, connection: Connection, said: Said) -> None:
        self.counts["print"] += 1
        try:
            connection.send(DEBUG_IO, print_packet(self._machine, said.text))
        except Restarted:
            connection.break_in = True
