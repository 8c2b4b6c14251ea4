"""A crash dump as a target, with no debugger: Linux, macOS or Windows, x64, x86 or ARM64."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import BugCheck
from .address_space import AddressSpace
from .architecture import ARCHITECTURES
from .dump_file import DumpFile
from .errors import MemoryUnreadable, TargetError
from .file_target import FileTarget
from .loaded_symbols import LoadedSymbols
from .memory import Memory
from .page_tables import paging_mode
from .symbol_path import SymbolPath

if TYPE_CHECKING:
    from .image_files import ImageFiles, WantedImage
    from .module_list import LoadedModule
    from .protocol import FileBytes, PhysicalMemory
    from .small_dump import SmallDump

__all__ = ["CrashDump"]


class CrashDump(FileTarget):
    """Fulfils :class:`pykd_ext.target.Target` for a dump file."""

    kind = "crash-dump"

    def __init__(self, path: str, symbol_path: SymbolPath, data: FileBytes | None = None) -> None:
        """``data``: the file, where it is open already. Raises TargetError when it is not a kernel
        dump that can be read."""
        self._file = DumpFile(path, data)
        header = self._file.header
        self.path: str | None = self._file.path
        self.architecture = header.architecture
        self.build = header.build
        self.module_list = header.module_list
        self.debugger_data = header.debugger_data
        self.is_frozen, self.taken = header.origin.is_frozen, header.origin.note
        self.small_dump = self._file.small
        self.memory = Memory(self, whole_pages=self.small_dump is None)
        self.symbol_path = symbol_path
        self._images: ImageFiles | None = None
        directory = header.directory_table
        paging = paging_mode(
            header.architecture, header.pae, self._file.word, directory, header.module_list
        )
        self._space = AddressSpace(self._file, header.architecture, paging, directory)
        if self.small_dump is None:
            _refuse_page_tables(self._file, self._space)
        self._symbols = LoadedSymbols(
            self.memory,
            header.module_list,
            symbol_path,
            list(self._file.problems),
            header.debugger_data,
            listed=self.small_dump.loaded if self.small_dump else None,
        )

    def read(self, address: int, size: int) -> bytes:
        if self.small_dump:
            return self._read_small(self.small_dump, address, size)
        return super().read(address, size)

    def physical_memory(self) -> PhysicalMemory:
        return self._file

    def register(self, name: str) -> int:
        from .registers import register  # noqa: PLC0415 - a list needs none

        return register(self.architecture, self._file.context(), name)

    def current_thread(self) -> int:
        from .current_thread import current_thread  # noqa: PLC0415 - a list needs none

        if self.small_dump and self.small_dump.thread:
            return self.small_dump.thread
        return current_thread(self)

    def bug_check(self) -> BugCheck | None:
        return self._file.header.origin.crash

    def close(self) -> None:
        self._file.close()

    def _read_small(self, small: SmallDump, address: int, size: int) -> bytes:
        """What is not in the file is in the image's own, where the symbol path has it: debuggers of
        small dumps read there, too."""
        try:
            return self._file.virtual(address, size)
        except MemoryUnreadable:
            for module in small.loaded:
                if module.base <= address and address + size <= module.base + module.size:
                    found = self._image_files().constant(_wanted(module), address, size)
                    if found is not None:
                        return found
            raise

    def _image_files(self) -> ImageFiles:
        if self._images is None:
            from .image_files import ImageFiles  # noqa: PLC0415 - only a small dump needs them

            self._images = ImageFiles(self.symbol_path)
            self._images.problems = self._symbols.problems
        return self._images


def _refuse_page_tables(file: DumpFile, space: AddressSpace) -> None:
    """Raises TargetError where the page tables lead to nothing that the header names.

    What it names is the kernel's own and never paged out, so that no symbol and no driver is
    missing then.
    """
    header = file.header
    if space.maps(header.module_list) or space.maps(header.debugger_data):
        return
    from .shared_data import SHARED_DATA  # noqa: PLC0415 - for the error alone

    top = space.directory & space.paging.table_mask
    if file.page(top >> 12) is None:
        why = "the dump has not got that page"
    elif space.maps(SHARED_DATA[ARCHITECTURES[header.architecture].pointer_size]):
        why = (
            "they map Windows' shared data, but not PsLoadedModuleList at "
            f"{header.module_list:#x} (a user process's tables?)"
        )
    else:
        why = f"they do not map PsLoadedModuleList at {header.module_list:#x}, nor shared data"
    raise TargetError(
        "; ".join(
            [
                f"{file.path}: the page tables that the header names (DirectoryTableBase "
                f"{header.directory_table:#x}) are not the kernel's: {why}",
                *file.problems,
            ]
        )
    )


def _wanted(module: LoadedModule) -> WantedImage:
    from .image_files import WantedImage  # noqa: PLC0415 - only a small dump needs it

    name = module.base_dll_name if isinstance(module.base_dll_name, str) else ""
    return WantedImage(name, module.base, module.size, module.time_date_stamp or 0)
