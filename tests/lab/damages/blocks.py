"""Fields that no healthy callback has, and text that was made to hurt whoever prints it."""

from __future__ import annotations

from ..loaded_modules import UNLOADED, rename_file, rename_module
from ..processes import let_wait
from ..scene import Scene

__all__ = ["DAMAGES"]

_UNREGISTER_PENDING = 0x8000_0000  # SOURCES 1.1
_FORGED_COOKIE = 0x0000_1337_0000_0001


def function_null(scene: Scene, index: int) -> int:
    """A callback's Function is NULL."""
    return _set_function(scene, index, 0)


def function_nowhere(scene: Scene, index: int) -> int:
    """A callback's Function is in no module, loaded or unloaded, as of a manually mapped driver."""
    return _set_function(scene, index, scene.world.profile.driver_base + 0x30_0000 + 0x1234)


def function_unloaded(scene: Scene, index: int) -> int:
    """A callback's Function is where an unloaded driver was."""
    return _set_function(
        scene, index, scene.world.profile.driver_base + UNLOADED[-1].start + 0x1040
    )


def function_shared(scene: Scene, index: int) -> int:
    """A callback's Function is overwritten with another callback's."""
    other = scene.callbacks[0 if index else -1]
    return _set_function(scene, index, other.function)


def altitude_odd(scene: Scene, index: int) -> int:
    """An altitude's Length is odd."""
    return _set_altitude_length(
        scene, index, len(scene.callbacks[index].registration.altitude) * 2 - 1
    )


def altitude_null_buffer(scene: Scene, index: int) -> int:
    """An altitude's Buffer is NULL, its Length is not 0."""
    place = scene.block_field(index, "altitude")
    scene.world.space.write_pointer(place + scene.world.profile.pointer_size, 0)
    return place


def altitude_empty(scene: Scene, index: int) -> int:
    """An altitude's Length is 0."""
    return _set_altitude_length(scene, index, 0)


def altitude_huge(scene: Scene, index: int) -> int:
    """An altitude's Length is 0xFFFE bytes, far beyond its buffer."""
    return _set_altitude_length(scene, index, 0xFFFE)


def altitude_control(scene: Scene, index: int) -> int:
    """An altitude holds control characters, a line break and a lone surrogate."""
    return _set_altitude(scene, index, "32\0\r\n\a\t8010\ud800\u202e")


def altitude_escape(scene: Scene, index: int) -> int:
    """An altitude holds ANSI escapes that clear the screen and set the title."""
    return _set_altitude(scene, index, "\x1b[2J\x1b]0;owned\a\x9b31m328010")


def altitude_dml(scene: Scene, index: int) -> int:
    """An altitude is a DML link that would run a debugger command."""
    return _set_altitude(scene, index, '<link cmd=".shell calc">328010</link>&amp;"')


def altitude_html(scene: Scene, index: int) -> int:
    """An altitude is HTML with a script in it."""
    return _set_altitude(scene, index, "<script>alert(1)</script>'\"&")


def altitude_formula(scene: Scene, index: int) -> int:
    """An altitude starts like a spreadsheet's formula."""
    return _set_altitude(scene, index, '=HYPERLINK("http://x.invalid","328010")')


def driver_name_dml(scene: Scene, index: int) -> int:
    """The driver of a callback has a name with DML, HTML, an escape and a space in it."""
    entry = scene.modules[list(scene.world.images).index(scene.callbacks[index].owner.file_name)]
    name = '<exec cmd="q">evil</exec>&\x1b[31m x.sys'
    rename_module(scene.world, entry, name)
    return entry


def driver_of_windows(scene: Scene, index: int) -> int:
    """The driver of a callback has the name of one of Windows' own."""
    entry = scene.modules[list(scene.world.images).index(scene.callbacks[index].owner.file_name)]
    rename_file(scene.world, entry, "MsSecFlt.sys")
    return entry


def driver_looks_up(scene: Scene, index: int) -> int:
    """The driver of a callback has looked CmRegisterCallbackEx up by name: it imports neither."""
    owner = scene.callbacks[index].owner
    section = next(each for each in owner.image.sections if each.name == "PAGE")
    place = owner.base + (section.rva | 0xF80)  # behind the code of its page
    scene.world.space.write(place, "CmRegisterCallbackEx\0".encode("utf-16-le"))
    for name, slot in owner.image.import_slots().items():
        if name.startswith("CmRegisterCallback"):
            scene.world.space.write_pointer(slot, scene.world.nt("DbgPrintEx"))
    return place


def driver_names_alike(scene: Scene, _: int) -> int:
    """The drivers have two names between them, and one has the kernel's, as only a debugger tells.

    It knows that halmacpi.dll is hal, and which files are kdcom and nt.
    """
    names = ("halmacpi.dll", "HAL.sys", "kdnet.dll", "KDCOM.sys", "ntkrnlpa.exe")
    for entry, name in zip(scene.modules[1:], names):
        rename_file(scene.world, entry, name)
    return scene.modules[1]


def unregister_pending(scene: Scene, index: int) -> int:
    """A callback is being unregistered (bit 31 of its uses), and a thread waits for its user."""
    let_wait(scene.world, scene.threads[1], "CmUnRegisterCallback")
    return _set_uses(scene, index, _UNREGISTER_PENDING | 1)


def unregister_forged(scene: Scene, index: int) -> int:
    """Bit 31 of a callback's uses is set, and nobody unregisters it: the kernel passes it over."""
    return _set_uses(scene, index, _UNREGISTER_PENDING)


def active_uses(scene: Scene, index: int) -> int:
    """A callback is in use by three operations."""
    return _set_uses(scene, index, 3)


def flags_forged(scene: Scene, index: int) -> int:
    """A callback outside the kernel is marked internal and has an unknown flag (from 15063)."""
    if not scene.world.profile.has_flags:
        raise ValueError(f"{scene.world.profile.name}: there are no flags before build 15063")
    place = scene.block_field(index, "flags")
    scene.world.space.write_unsigned(place, 4, 0x41)
    return place


def cookie_forged(scene: Scene, index: int) -> int:
    """A cookie is nowhere near the boot time."""
    return _set_cookie(scene, index, _FORGED_COOKIE)


def cookie_ahead(scene: Scene, index: int) -> int:
    """A cookie is higher than the last one that the kernel issued."""
    assert scene.list_head
    last = scene.world.space.unsigned(scene.world.nt("CmpCallbackCookie"), 8)
    return _set_cookie(scene, index, last + 5)


def cookie_duplicate(scene: Scene, index: int) -> int:
    """A cookie is that of another callback."""
    return _set_cookie(scene, index, scene.callbacks[0 if index else -1].cookie)


def altitude_edited(scene: Scene, index: int) -> int:
    """An altitude was changed to one above all others; the entry stays where it is."""
    return _set_altitude(scene, index, "999999")


def altitude_taken(scene: Scene, index: int) -> int:
    """An altitude is that of the callback before it."""
    return _set_altitude(scene, index, scene.callbacks[index - 1].registration.altitude)


def altitude_legacy(scene: Scene, index: int) -> int:
    """An altitude is 425000 like that of the callback before: both use CmRegisterCallback."""
    return _set_altitude(scene, index, "425000")


def uses_huge(scene: Scene, index: int) -> int:
    """A callback is in use by a billion operations."""
    return _set_uses(scene, index, 1_000_000_000)


def object_context_forged(scene: Scene, _: int) -> int:
    """An object context of a callback says that it is another callback's."""
    index = next(
        place
        for place, each in enumerate(scene.callbacks)
        if place and each.registration.object_contexts
    )
    pointer = scene.world.profile.pointer_size
    link = scene.world.space.pointer(scene.block_field(index, "object_contexts"))
    block = link + 2 * pointer + 8  # behind the link and the cookie
    scene.world.space.write_pointer(block, scene.block(0))
    return block


def special_pool(scene: Scene, index: int) -> int:
    """A block has no pool header, as in the special pool of Driver Verifier."""
    block = scene.block(index)
    size = 8 if scene.world.profile.pointer_size == 4 else 16
    scene.world.space.write(block - size, bytes(size))
    return block


def _set_function(scene: Scene, index: int, function: int) -> int:
    place = scene.function_field(index)
    scene.world.space.write_pointer(place, function)
    return place


def _set_altitude_length(scene: Scene, index: int, length: int) -> int:
    place = scene.block_field(index, "altitude")
    scene.world.space.write_unsigned(place, 2, length)
    scene.world.space.write_unsigned(place + 2, 2, length)
    return place


def _set_altitude(scene: Scene, index: int, text: str) -> int:
    place = scene.block_field(index, "altitude")
    buffer, length = scene.world.paged.text(text, b"CMca", terminated=False)
    scene.world.space.write_unicode_string(place, buffer, length, length)
    return place


def _set_uses(scene: Scene, index: int, uses: int) -> int:
    place = scene.block_field(index, "uses")
    scene.world.space.write_unsigned(place, 4, uses)
    return place


def _set_cookie(scene: Scene, index: int, cookie: int) -> int:
    place = scene.block_field(index, "cookie")
    scene.world.space.write_unsigned(place, 8, cookie)
    return place


DAMAGES = (
    function_null,
    function_nowhere,
    function_unloaded,
    function_shared,
    altitude_odd,
    altitude_null_buffer,
    altitude_empty,
    altitude_huge,
    altitude_control,
    altitude_escape,
    altitude_dml,
    altitude_html,
    altitude_formula,
    driver_name_dml,
    driver_of_windows,
    driver_looks_up,
    driver_names_alike,
    unregister_pending,
    unregister_forged,
    active_uses,
    flags_forged,
    cookie_forged,
    cookie_ahead,
    cookie_duplicate,
    altitude_edited,
    altitude_taken,
    altitude_legacy,
    uses_huge,
    object_context_forged,
    special_pool,
)
