"""Processors and the threads on them."""

from __future__ import annotations

from collections import deque
from typing import Any

from .registers import DebugRegisters

__all__ = ["Processor", "Thread"]


class Thread:
    """A thread: its ETHREAD, and its registers while another runs."""

    def __init__(self, ethread: int, registers: Any) -> None:
        self.ethread = ethread
        self.registers = registers


class Processor:
    """One processor, by its KPCR; ``ready`` are the threads that wait for it."""

    def __init__(self, number: int, pcr: int, idle: Thread) -> None:
        self.number = number
        self.pcr = pcr
        self.idle = idle
        self.current = idle
        self.ready: deque[Thread] = deque()
        self.debug = DebugRegisters()

    @property
    def is_idle(self) -> bool:
        return self.current is self.idle and not self.ready
