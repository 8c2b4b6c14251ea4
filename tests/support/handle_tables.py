"""Handle tables in a byte target, of every build's form."""

from __future__ import annotations

from tests.support.registry import Registry

__all__ = ["aligned", "entry_of", "write_table"]

PAGE = 0x1000


def entry_of(registry: Registry, header: int) -> bytes:
    """The first word of an entry, with every bit set that does not belong to the pointer."""
    build = registry.target.build
    if registry.pointer_size == 4:
        word = header | 7
    elif build < 9200:
        word = header | 1
    elif build < 9600:
        word = (header >> 4 & (1 << 41) - 1) << 23 | (1 << 23) - 1
    else:
        word = (header >> 4 & (1 << 44) - 1) << 20 | (1 << 20) - 1
    return registry.word(word)


def write_table(registry: Registry, handle: int, level: int, entry: bytes) -> int:
    """The address of a HANDLE_TABLE with ``level`` tables of pointers above the entries."""
    width = 2 * registry.pointer_size
    page = aligned(registry)
    entries = PAGE // width
    registry.target.write(page + handle // 4 % entries * width, entry)
    number = handle // 4 // entries
    pointers = PAGE // registry.pointer_size
    for _ in range(level):
        above = aligned(registry)
        registry.target.write(
            above + number % pointers * registry.pointer_size, registry.word(page)
        )
        page, number = above, number // pointers
    code = 8 if registry.target.build >= 9200 else 0
    return registry.data(bytes(code) + registry.word(page | level))


def aligned(registry: Registry) -> int:
    address = registry.data(bytes(2 * PAGE))
    return (address + PAGE - 1) & ~(PAGE - 1)
