"""A list that does not hold together, or whose count lies: tampering, and torn memory."""

from __future__ import annotations

from ..processes import let_wait
from ..scene import Scene

__all__ = ["DAMAGES"]

_USER_SPACE = 0x7FF6_1000
_SEGMENT_HEAP = 19041  # from this build on the pool keeps elsewhere what is free


def entry_self_link(scene: Scene, index: int) -> int:
    """An entry's Flink and Blink point to the entry itself."""
    link = scene.block_field(index, "link")
    scene.world.space.link(link, [])
    return link


def entry_loop(scene: Scene, index: int) -> int:
    """An entry's Flink leads back to the first entry; the head is never reached again."""
    link = scene.block_field(index, "link")
    scene.world.space.write_pointer(link, scene.block_field(0, "link"))
    return link


def flink_user(scene: Scene, index: int) -> int:
    """An entry's Flink points into user space."""
    link = scene.block_field(index, "link")
    scene.world.space.write_pointer(link, _USER_SPACE)
    return link


def flink_odd(scene: Scene, index: int) -> int:
    """An entry's Flink points two bytes into the entry behind it, where no entry can lie."""
    link = scene.block_field(index, "link")
    scene.world.space.write_pointer(link, scene.block_field(index + 1, "link") + 2)
    return link


def flink_unmapped(scene: Scene, index: int) -> int:
    """An entry's Flink points to kernel memory that is not mapped."""
    link = scene.block_field(index, "link")
    scene.world.space.write_pointer(link, scene.world.profile.paged_pool + 0x100_0000)
    return link


def head_flink_user(scene: Scene, _: int) -> int:
    """The head's Flink points into user space."""
    scene.world.space.write_pointer(scene.list_head, _USER_SPACE)
    return scene.list_head


def blink_broken(scene: Scene, index: int) -> int:
    """An entry's Blink points to the head instead of to the entry before."""
    link = scene.block_field(index, "link")
    scene.world.space.write_pointer(link + scene.world.profile.pointer_size, scene.list_head)
    return link


def entry_skipped(scene: Scene, index: int) -> int:
    """The Flink before an entry leads past it; the back links still lead to it."""
    space = scene.world.space
    pointer = scene.world.profile.pointer_size
    link = scene.block_field(index, "link")
    before = space.unsigned(link + pointer, pointer)
    space.write_pointer(before, space.unsigned(link, pointer))
    return link


def head_emptied(scene: Scene, _: int) -> int:
    """The head's Flink points to the head, Blink and count are as before (RealBlindingEDR)."""
    scene.world.space.write_pointer(scene.list_head, scene.list_head)
    return scene.list_head


def entry_unlinked(scene: Scene, index: int) -> int:
    """An entry is taken out of the list behind the kernel's back; the count still includes it."""
    block = scene.block(index)
    scene.world.space.unlink(scene.block_field(index, "link"))
    return block


def entry_unregistering(scene: Scene, index: int) -> int:
    """CmUnRegisterCallback has unlinked an entry and waits for its user, as Windows 7 does."""
    block = entry_unlinked(scene, index)
    scene.world.space.write_unsigned(scene.block_field(index, "uses"), 4, 1)
    let_wait(scene.world, scene.threads[1], "CmUnRegisterCallback")
    return block


def entry_unlinked_counted(scene: Scene, index: int) -> int:
    """An entry is taken out of the list and the count is corrected: no mismatch betrays it."""
    block = entry_unlinked(scene, index)
    count = scene.world.space.unsigned(scene.world.nt("CmpCallBackCount"), 4)
    scene.world.set_ulong("CmpCallBackCount", count - 1)
    return block


def entry_freed(scene: Scene, index: int) -> int:
    """An entry was unregistered: off the list, counted no more, its freed block not yet reused."""
    block = entry_unlinked_counted(scene, index)
    if scene.world.profile.build >= _SEGMENT_HEAP:
        return block  # a free block of the low fragmentation heap keeps its bytes, header and all
    pointer = scene.world.profile.pointer_size
    place = block - 2 * pointer + (3 if pointer == 8 else 2)  # PoolType, of x86 with BlockSize
    size = 1 if pointer == 8 else 2
    kept = 0 if pointer == 8 else scene.world.space.unsigned(place, 2) & 0x1FF
    scene.world.space.write_unsigned(place, size, kept)
    return block


def thread_inside(scene: Scene, index: int) -> int:
    """An entry is taken out of the list, the count corrected, while a thread is in the callback."""
    world, pointer = scene.world, scene.world.profile.pointer_size
    fields = ("CmCallbackListHead", "ThreadListEntry")
    known = all(world.offsets.has("_ETHREAD", each) for each in fields)
    if not known or not world.offsets.has("_EPROCESS", "ThreadListHead"):
        raise ValueError(f"{world.profile.name}: where its threads keep callbacks is not known")
    block = entry_unlinked_counted(scene, index)
    process = world.space.pointer(world.nt("PsInitialSystemProcess"))
    links = world.space.pointer(world.field(process, "_EPROCESS", "ThreadListHead"))
    thread = links - world.offsets.field("_ETHREAD", "ThreadListEntry")
    context = world.paged.allocate(6 * pointer, b"CMci")
    world.space.write_pointer(context + 3 * pointer, block)  # behind two lists (SOURCES 1.5)
    world.space.write_pointer(
        world.field(thread, "_ETHREAD", "CmCallbackListHead"), context + 2 * pointer
    )
    return block


def count_zero(scene: Scene, _: int) -> int:
    """CmpCallBackCount is 0 with entries in the list: the kernel calls none of them."""
    scene.world.set_ulong("CmpCallBackCount", 0)
    return scene.world.nt("CmpCallBackCount")


def count_low(scene: Scene, _: int) -> int:
    """CmpCallBackCount is one less than there are entries."""
    scene.world.set_ulong("CmpCallBackCount", len(scene.callbacks) - 1)
    return scene.world.nt("CmpCallBackCount")


def kernel_not_first(scene: Scene, _: int) -> int:
    """PsLoadedModuleList begins with a driver; the kernel comes second."""
    kernel, driver, *others = scene.modules
    return _link_modules(scene, [driver, kernel, *others])


def kernel_unlinked(scene: Scene, _: int) -> int:
    """The kernel is not in PsLoadedModuleList."""
    return _link_modules(scene, scene.modules[1:])


def _link_modules(scene: Scene, modules: list[int]) -> int:
    head = scene.world.nt("PsLoadedModuleList")
    scene.world.space.link(head, modules)
    return head


DAMAGES = (
    entry_self_link,
    entry_loop,
    flink_user,
    flink_odd,
    flink_unmapped,
    head_flink_user,
    blink_broken,
    entry_skipped,
    head_emptied,
    entry_unlinked,
    entry_unregistering,
    entry_unlinked_counted,
    entry_freed,
    thread_inside,
    count_zero,
    count_low,
    kernel_not_first,
    kernel_unlinked,
)
