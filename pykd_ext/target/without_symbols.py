"""A target as it is without PDBs: what ``--no-symbols`` makes of a debugger's session."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Callable, cast

from . import Symbol
from .closing import ClosedAtEnd
from .errors import TypeNotFound
from .loaded_symbols import LoadedSymbols
from .symbol_path import SymbolPath

if TYPE_CHECKING:
    from .live import LiveTarget
    from .protocol import Target

__all__ = ["WithoutSymbols"]


class WithoutSymbols(ClosedAtEnd):
    """Fulfils :class:`pykd_ext.target.Target`: another one, with the exports of its images for
    symbols, and no types."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self.symbol_path = SymbolPath("")
        self._symbols = LoadedSymbols(
            target.memory,
            target.module_list,
            self.symbol_path,
            [],
            kernel_base=target.nt_base,
            listed=target.small_dump.loaded if target.small_dump else None,
        )

    def symbol(self, name: str, module: str = "nt") -> int:
        return self._symbols.symbol(name, module)

    def nearest_symbol(self, address: int) -> Symbol | None:
        return self._symbols.nearest(address)

    def field_offset(self, type_name: str, field: str, module: str = "nt") -> int:
        raise TypeNotFound(f"{type_name}.{field}", module)

    def symbol_problems(self) -> Sequence[str]:
        return [*self._target.symbol_problems(), *self._symbols.problems]

    @property
    def on_silence(self) -> Callable[[float], None]:
        """Set for the other one, which calls it."""
        return cast("LiveTarget", self._target).on_silence

    @on_silence.setter
    def on_silence(self, call: Callable[[float], None]) -> None:
        cast("LiveTarget", self._target).on_silence = call

    def close(self) -> None:
        self._target.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._target, name)
