"""Interfaces of the debugger engine that this process has loaded (dbgeng.h), for what pykd does not
ask it, or asks at a higher price."""

from __future__ import annotations

import ctypes
import sys
from typing import Any, Callable

__all__ = ["DATA_SPACES", "EngineInterface", "EngineMemory"]

# As memory has them.
DATA_SPACES = "abdff788a73e3a4caefbc4e8106173aa"  # IID_IDebugDataSpaces

_RELEASE, _READ_VIRTUAL, _WRITE_VIRTUAL = 2, 3, 4  # in a table of functions


class EngineInterface:
    """One interface. It is for the thread that it was made in."""

    def __init__(self, identity: str) -> None:
        """Raises OSError where this process has no engine."""
        self._object = ctypes.c_void_p()
        if sys.platform != "win32":
            raise OSError("no debugger engine")
        modules = ctypes.WinDLL("kernel32").GetModuleHandleW
        modules.restype = ctypes.c_void_p
        engine = modules("dbgeng.dll")
        if not engine:
            raise OSError("no debugger engine")
        create = ctypes.WinDLL("dbgeng", handle=engine).DebugCreate
        name = ctypes.create_string_buffer(bytes.fromhex(identity), 16)
        if create(name, ctypes.byref(self._object)) != 0:
            raise OSError("the debugger engine has no such interface")

    def method(self, number: int, *types: Any) -> Callable[..., int]:
        """The function with that number in its table; what is called returns a HRESULT."""
        if sys.platform != "win32":
            raise OSError("no debugger engine")
        table = ctypes.cast(self._object, ctypes.POINTER(ctypes.POINTER(ctypes.c_void_p)))[0]
        function = ctypes.WINFUNCTYPE(ctypes.c_long, ctypes.c_void_p, *types)(table[number])

        def call(*arguments: Any) -> int:
            return int(function(self._object, *arguments))

        return call

    def release(self) -> None:
        """It is not used after it."""
        if self._object:
            self.method(_RELEASE)()
            self._object = ctypes.c_void_p()


class EngineMemory:
    """Memory of the debuggee: exactly what is asked for, in one request.

    pykd's loadBytes and writeBytes ask before whether the first byte is there, a request more.
    """

    def __init__(self) -> None:
        self._spaces = EngineInterface(DATA_SPACES)
        types = ctypes.c_uint64, ctypes.c_void_p, ctypes.c_uint32, ctypes.c_void_p
        self._read = self._spaces.method(_READ_VIRTUAL, *types)
        self._write = self._spaces.method(_WRITE_VIRTUAL, *types)

    def read(self, address: int, size: int) -> bytes | None:
        """``size`` bytes at the VA ``address`` as the engine writes it; None where not all can be
        read."""
        buffer, done = ctypes.create_string_buffer(size), ctypes.c_uint32()
        result = self._read(address, buffer, size, ctypes.byref(done))
        return buffer.raw if result == 0 and done.value == size else None

    def write(self, address: int, data: bytes) -> bool:
        """Whether all of ``data`` was written there."""
        buffer, done = ctypes.create_string_buffer(data, len(data)), ctypes.c_uint32()
        result = self._write(address, buffer, len(data), ctypes.byref(done))
        return result == 0 and done.value == len(data)

    def release(self) -> None:
        self._spaces.release()
