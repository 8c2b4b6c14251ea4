"""A debugger's session as a target, through pykd: WinDbg, cdb, kd, and pykd standalone.

The only file that imports pykd. What is said here about pykd's calls was seen in 0.3.4.15 with
dbgeng 10.0.15063; tests/engine proves it in the real engine.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

try:
    import pykd
except ImportError as error:
    pykd = None
    _why_no_pykd = str(error)

from . import Module, Symbol
from .errors import MemoryUnreadable, SymbolNotFound, TargetError, TypeNotFound
from .memory import Memory

__all__ = ["PykdSession", "open_session"]

_MASK_32 = 0xFFFFFFFF


def open_session(dump: str | None = None, symbol_path: str | None = None) -> PykdSession:
    """The session that pykd is in; with ``dump``, one of its own on that file.

    Raises TargetError when there is no pykd, no session, or one that is no kernel's.
    """
    if pykd is None:
        raise TargetError(
            f"pykd cannot be imported ({_why_no_pykd}): install it with pip on Windows, "
            "Python 3.9 or older; a dump needs no pykd (--engine none)"
        )
    if dump is None:
        _require_session()
    else:
        _load_dump(dump, symbol_path)
    if not pykd.isKernelDebugging():
        raise TargetError("this is not a kernel target: registry callbacks live in the kernel")
    return PykdSession(dump)


def _require_session() -> None:
    """Outside a debugger pykd has no session until it opens a dump or attaches."""
    pykd.initialize()
    try:
        pykd.getCPUMode()
    except pykd.DbgException:
        raise TargetError(
            "there is no debugging session: open a dump with -z FILE, or run inside WinDbg"
        ) from None


def _load_dump(dump: str, symbol_path: str | None) -> None:
    if not os.path.isfile(dump):
        raise TargetError(f"{dump}: cannot be opened: no such file")
    pykd.initialize()
    if symbol_path is not None:
        pykd.setSymbolPath(symbol_path)
    try:
        pykd.loadDump(dump)
    except pykd.DbgException as error:
        raise TargetError(f"{dump}: the debugger engine does not open it: {error}") from None


class PykdSession:
    """Fulfils :class:`pykd_ext.target.Target` for the engine's current session."""

    def __init__(self, dump: str | None) -> None:
        self.path = dump
        self.architecture = _architecture()
        self.build: int = pykd.getSystemVersion().buildNumber
        self.memory = Memory(self)

    @property
    def kind(self) -> str:
        if pykd.isDumpAnalyzing():
            return "crash-dump"
        return "local-kernel" if pykd.isLocalKernelDebuggerEnabled() else "kernel"

    @property
    def nt_base(self) -> int:
        return self._from_engine(pykd.module("nt").begin())

    @property
    def module_list(self) -> int:
        return self.symbol("PsLoadedModuleList")

    def read(self, address: int, size: int) -> bytes:
        try:
            return bytes(pykd.loadBytes(self._to_engine(address), size))
        except pykd.MemoryException:
            raise MemoryUnreadable(address, size) from None

    def symbol(self, name: str, module: str = "nt") -> int:
        try:
            return self._from_engine(pykd.getOffset(f"{module}!{name}"))
        except pykd.DbgException as error:
            why = f"the debugger says: {error} (.symfix; .reload /f nt loads Microsoft's symbols)"
            raise SymbolNotFound(name, module, why) from None

    def nearest_symbol(self, address: int) -> Symbol | None:
        try:
            module, name, displacement = pykd.findSymbolAndDisp(self._to_engine(address))
        except pykd.DbgException:
            return None
        if displacement < 0:
            return None  # below the module's first symbol, pykd answers with that one
        return Symbol(module, name, displacement)

    def field_offset(self, type_name: str, field: str, module: str = "nt") -> int:
        try:
            offset: int = pykd.module(module).type(type_name).fieldOffset(field)
        except pykd.DbgException:
            raise TypeNotFound(f"{type_name}.{field}", module) from None
        return offset

    def modules(self) -> Sequence[Module]:
        return [
            Module(each.name(), self._from_engine(each.begin()), each.size())
            for each in pykd.getModulesList()
        ]

    def symbol_problems(self) -> Sequence[str]:
        """None: the engine says so itself, in its window (!sym noisy)."""
        return ()

    def close(self) -> None:
        """Closes a dump that this session opened; a debugger's session is not ours to end."""
        if self.path is not None:
            pykd.closeDump(0)

    def _to_engine(self, address: int) -> int:
        """The engine sign-extends the addresses of 32-bit targets."""
        if self.architecture == "x86" and address & 0x8000_0000:
            return address | 0xFFFFFFFF_00000000
        return address

    def _from_engine(self, address: int) -> int:
        return address & _MASK_32 if self.architecture == "x86" else address


def _architecture() -> str:
    """The target's, not the debugger's: an amd64 engine opens x86 and ARM64 kernels."""
    names = {
        pykd.CPUType.AMD64: "x64",
        pykd.CPUType.I386: "x86",
        pykd.CPUType.ARM64: "arm64",
    }
    cpu = pykd.getCPUType()
    if cpu not in names:
        raise TargetError(f"the target's processor ({cpu}) is none of x64, x86, ARM64")
    return names[cpu]
