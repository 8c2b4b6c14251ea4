"""What a target must be able to do.

In a file of its own because making a Protocol takes as long as reading a callback list, and only
type checkers need it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, TypeVar

from . import BugCheck, Module, Symbol
from .architecture import ArchitectureName
from .memory import Memory
from .physical import Hints, Progress
from .small_dump import SmallDump
from .symbol_path import SymbolPath

__all__ = ["Container", "FileBytes", "PhysicalMemory", "Readable", "Target"]


class Readable(Protocol):
    """What can be read from: a target, or an address space."""

    @property
    def architecture(self) -> ArchitectureName:
        """Whose addresses they are."""

    def read(self, address: int, size: int) -> bytes:
        """Exactly ``size`` bytes at a VA; raises MemoryUnreadable."""


class FileBytes(Protocol):
    """A file's bytes, by slices. ``path`` is what it is called in a sentence, with no credentials,
    ``name`` the last part of that."""

    path: str
    name: str

    def __len__(self) -> int: ...

    def __getitem__(self, where: slice) -> bytes: ...

    def stretch(self, start: int, end: int) -> bytes:
        """The slice, of which a mapped file keeps nothing in this process's memory."""

    def chunks(self, start: int, end: int) -> Iterator[bytes]:
        """What lies between two offsets, in order, read once and not kept."""

    def close(self) -> None:
        """Let go of the file."""


class PhysicalMemory(Protocol):
    """Pages by their numbers. ``problems`` holds a line for each thing wrong with the file."""

    path: str
    problems: list[str]

    @property
    def top(self) -> int:
        """Behind the highest page that there is."""

    def page(self, frame: int) -> bytes | None:
        """The 4096 bytes of the physical page ``frame``, None when the file has not got it."""

    def pages(self, frame: int, most: int) -> bytes:
        """What lies from page ``frame`` on without a gap, whole pages, at most ``most``; empty when
        the file has not got the first."""

    def word(self, address: int, size: int) -> int | None:
        """The ``size`` byte word at a physical address, which must not cross a page."""

    def find(
        self, needle: bytes, progress: Progress = ..., step: int = 1, first: int = 0
    ) -> Iterator[int]:
        """The physical addresses of ``needle`` wherever it lies in one page, in the file's order:
        those that are ``first`` behind a multiple of ``step``, a power of two up to a page.

        ``progress`` is told the bytes read so far and those in all.
        """

    def close(self) -> None:
        """Let go of the file."""


class Container(PhysicalMemory, Protocol):
    """Physical memory that says of what ``kind`` it is (``LiME image``), and what it knows of
    the machine."""

    kind: str
    hints: Hints

    @property
    def runs(self) -> Sequence[tuple[int, int]]:
        """Which pages there are: the first one's number and how many, ascending."""


_Self = TypeVar("_Self")


class Target(Protocol):
    """What every adapter answers. Addresses are VAs, on x86 zero-extended (0x82800000).

    A context manager: :meth:`close` is called when its block is left.

    Each call of a method that needs the debuggee is one *target request*, the unit of cost.
    """

    @property
    def kind(self) -> str:
        """``crash-dump``, ``memory-image``, ``kernel`` (live, remote) or ``local-kernel``."""

    @property
    def is_file(self) -> bool:
        """Whether it is a dump or an image: all of it can be searched, and nothing runs in it."""

    @property
    def is_frozen(self) -> bool:
        """Whether the machine stood still while it was looked at, or while the file was taken: else
        what was changed meanwhile can look broken."""

    @property
    def taken(self) -> str:
        """How a dump was taken that is no crash's, a line; empty for any other target."""

    @property
    def path(self) -> str | None:
        """The dump file, None for a live target."""

    @property
    def architecture(self) -> ArchitectureName:
        """``x64``, ``x86`` or ``arm64``: the key of ARCHITECTURES."""

    @property
    def build(self) -> int:
        """The NT build number: 2600, 7601, 19041, 22621..."""

    @property
    def nt_base(self) -> int:
        """Where the kernel image is loaded."""

    @property
    def module_list(self) -> int:
        """The VA of nt!PsLoadedModuleList."""

    @property
    def debugger_data(self) -> int:
        """The VA of KDDEBUGGER_DATA64 as a dump's header gives it, 0 where nothing does."""

    @property
    def small_dump(self) -> SmallDump | None:
        """What a small dump has in place of the kernel's lists; None where memory has those."""

    @property
    def memory(self) -> Memory:
        """Typed, cached reads over :meth:`read`; valid until the target runs again."""

    @property
    def symbol_path(self) -> SymbolPath:
        """Where PDBs and drivers' own files are looked for."""

    def read(self, address: int, size: int) -> bytes:
        """Exactly ``size`` bytes at the VA ``address``, never less; raises MemoryUnreadable."""

    def physical_memory(self) -> PhysicalMemory | None:
        """The pages of a machine that does not run, to be searched; None for any other. Raises
        TargetError when the dump's file cannot be read from here."""

    def symbol(self, name: str, module: str = "nt") -> int:
        """The VA of ``module!name``; raises SymbolNotFound."""

    def nearest_symbol(self, address: int) -> Symbol | None:
        """The symbol at or closest below ``address`` in the module that holds it, else None."""

    def field_offset(self, type_name: str, field: str, module: str = "nt") -> int:
        """The offset in bytes of ``field`` in ``module!type_name``; raises TypeNotFound."""

    def register(self, name: str) -> int:
        """The register ``name`` (``rcx``, ``x0``, ``eip``) of the thread that the target is
        stopped in, unsigned; raises RegisterUnavailable. Of a dump: the thread that crashed."""

    def current_thread(self) -> int:
        """The VA of the KTHREAD that the target is stopped in, whose registers those are; raises
        RegisterUnavailable. Of a dump: the thread that crashed."""

    def bug_check(self) -> BugCheck | None:
        """What the target crashed with, None for one that has not crashed."""

    def modules(self) -> Sequence[Module]:
        """The images that the symbol engine knows. Not a witness: the callbacks' owners are found
        by walking PsLoadedModuleList in memory (:mod:`pykd_ext.kernel.drivers`)."""

    def symbol_problems(self) -> Sequence[str]:
        """One line for each symbol file that was refused or not found, for the user to act on."""

    def close(self) -> None:
        """Let go of files and of the session; the target is not used after it. Of a kernel that
        another machine debugs, raises ConnectionLost where nobody can tell how it is left."""

    def __enter__(self: _Self) -> _Self: ...

    def __exit__(self, *_: object) -> None: ...
