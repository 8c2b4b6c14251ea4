"""What can go wrong with a target. A command turns any of these into one line and a status."""

from __future__ import annotations


class RegcbError(Exception):
    """The root of every error raised on purpose; ``str()`` is one line for the user."""


class BadArgument(RegcbError, ValueError):
    """What was asked for means nothing; ``str()`` says what would."""


class TargetError(RegcbError):
    """The target cannot be opened, or is of the wrong kind."""


class UnsupportedTarget(TargetError):
    """The target is fine, but regcb has no layout or reader for it."""


class ConnectionLost(TargetError):
    """A running target is gone: its session has ended."""


class MemoryUnreadable(RegcbError):
    """``size`` bytes at the VA ``address`` cannot be read: not mapped, or paged out."""

    def __init__(self, address: int, size: int) -> None:
        super().__init__(f"memory at {address:#x} is paged out or not mapped")
        self.address = address
        self.size = size


class SymbolNotFound(RegcbError):
    """``name`` is in no symbols and no exports of ``module``; ``why`` says which were tried."""

    def __init__(self, name: str, module: str, why: str | None = None) -> None:
        super().__init__(f"symbol {module}!{name} not found" + (f": {why}" if why else ""))
        self.name = name
        self.module = module


class TypeNotFound(RegcbError):
    """The symbols of ``module`` hold no such type, or the type no such field."""

    def __init__(self, name: str, module: str) -> None:
        super().__init__(f"type {module}!{name} not found")
        self.name = name
        self.module = module


class RegisterUnavailable(RegcbError):
    """The target's thread has no register ``name`` that can be read; ``why`` says what is wrong."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"register {name} cannot be read: {why}")
        self.name = name


class Implausible(RegcbError):
    """The target claims more than any Windows has; ``str()`` says what, and where that ended."""


class SymbolFileError(RegcbError):
    """A symbol file is damaged, or is not the one that an image asks for."""
