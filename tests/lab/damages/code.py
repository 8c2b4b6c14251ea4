"""Code that was written over, and functions that were exchanged: what public tools do to blind a
driver (SOURCES 7.1), and what Windows itself does that looks like it."""

from __future__ import annotations

from ..callback_blocks import PlacedCallback
from ..loaded_modules import mark_as_hotpatch, rename_module
from ..scene import Scene
from ..world import LoadedImage
from .tables import add_guard_table, add_hotpatch_table, add_unwind_rows

__all__ = ["DAMAGES", "RETURNS"]

# By architecture. The first is TelemetrySourcerer's qword 0xC3C033.
RETURNS = {
    "x64": "33c0c30000000000",
    "x86": "33c0c20c00000000",
    "arm64": "00008052c0035fd6",  # mov w0, #0; ret
}
_RETURNS_SUCCESS_PADDED = {
    "x64": "33c0c3" + 13 * "cc",
    "x86": "33c0c20c00" + 11 * "cc",
    "arm64": "00008052c0035fd6" + 2 * "1f2003d5",
}
_REGISTRY_FILTER_DRIVER_EXCEPTION = 0x135  # bugcodes.h
_STATUS_ACCESS_VIOLATION = 0xC0000005
_TRAPS = {"x64": "cc", "x86": "cc", "arm64": "00003ed4"}  # brk #0xf000, as DbgBreakPoint


def prologue_returns(scene: Scene, index: int) -> int:
    """A callback begins with xor eax,eax; ret over its old code (TelemetrySourcerer)."""
    return _patch(scene, index, bytes.fromhex(RETURNS[scene.world.profile.architecture]))


def prologue_traps(scene: Scene, index: int) -> int:
    """A callback begins with a breakpoint."""
    return _patch(scene, index, bytes.fromhex(_TRAPS[scene.world.profile.architecture]))


def prologue_jumps_out(scene: Scene, index: int) -> int:
    """A callback begins with a jump to memory that no image has."""
    function = scene.callbacks[index].function
    away = scene.world.profile.driver_base + 0x30_0000
    return _patch(scene, index, _jump(scene, function, away))


def prologue_loads_and_jumps(scene: Scene, index: int) -> int:
    """A callback begins by loading an address and jumping to it, to memory that no image has."""
    away = scene.world.profile.driver_base + 0x30_0000
    code = {
        "x64": b"\x48\xb8" + away.to_bytes(8, "little") + b"\xff\xe0",  # mov rax, imm64; jmp rax
        "x86": b"\x68" + (away & 0xFFFF_FFFF).to_bytes(4, "little") + b"\xc3",  # push imm32; ret
        # ldr x16, pc+8; br x16
        "arm64": bytes.fromhex("5000005800021fd6") + away.to_bytes(8, "little"),
    }[scene.world.profile.architecture]
    return _patch(scene, index, code)


def prologue_hotpatched(scene: Scene, index: int) -> int:
    """A callback begins with a jump into its driver's hotpatch image, as Windows makes it."""
    owner = scene.callbacks[index].owner
    entry, other = _other_driver(scene)
    mark_as_hotpatch(scene.world, entry)
    add_hotpatch_table(scene, other, owner.image.time_date_stamp)
    return prologue_hotpatch_named(scene, index)


def prologue_hotpatch_named(scene: Scene, index: int) -> int:
    """A callback begins with a jump into a driver that is only called as its hotpatch would be."""
    callback = scene.callbacks[index]
    entry, other = _other_driver(scene)
    stem = callback.owner.file_name.partition(".")[0]
    rename_module(scene.world, entry, f"{stem}_hotpatch.sys")
    return _patch(scene, index, _jump(scene, callback.function, other.base + 0x1000))


def prologue_hotpatch_unmarked(scene: Scene, index: int) -> int:
    """A callback begins with a jump into a driver that has its hotpatch's name and table alone.

    Its entry in the list of modules is not marked as one.
    """
    stamp = scene.callbacks[index].owner.image.time_date_stamp
    add_hotpatch_table(scene, _other_driver(scene)[1], stamp)
    return prologue_hotpatch_named(scene, index)


def prologue_hotpatch_foreign(scene: Scene, index: int) -> int:
    """A callback begins with a jump into another driver's hotpatch image."""
    entry, other = _other_driver(scene)
    mark_as_hotpatch(scene.world, entry)
    add_hotpatch_table(scene, other, scene.callbacks[index].owner.image.time_date_stamp + 1)
    return prologue_hotpatch_named(scene, index)


def _other_driver(scene: Scene) -> tuple[int, LoadedImage]:
    """Its entry in the list of modules, and oldfilt.sys."""
    images = list(scene.world.images.values())
    other = next(each for each in images if each.file_name == "oldfilt.sys")
    return scene.modules[images.index(other)], other


def prologue_jumps_by_pointer(scene: Scene, index: int) -> int:
    """A callback begins with a jump by a pointer behind it, into another driver (a hook)."""
    function = scene.callbacks[index].function
    away = _other_driver(scene)[1].symbols["OldFiltRegistryCallback"]
    code = {
        "x64": b"\xff\x25\0\0\0\0" + away.to_bytes(8, "little"),  # jmp [rip]
        "x86": b"\xff\x25" + (function + 6 & 0xFFFF_FFFF).to_bytes(4, "little")
        + (away & 0xFFFF_FFFF).to_bytes(4, "little"),
        # ldr x16, pc+8; br x16
        "arm64": bytes.fromhex("5000005800021fd6") + away.to_bytes(8, "little"),
    }[scene.world.profile.architecture]  # fmt: skip
    return _patch(scene, index, code)


def code_changed(scene: Scene, index: int) -> int:
    """An instruction inside a callback was changed; its beginning is as it was."""
    function = scene.callbacks[index].function
    place = function + _into_code(scene)
    word = scene.world.space.unsigned(place, 4)
    scene.world.space.write_unsigned(place, 4, word ^ 0x0101_0101)
    return place


def function_inside(scene: Scene, index: int) -> int:
    """A callback's Function leads into the middle of a function of its own driver."""
    callback = scene.callbacks[index]
    start, end = _extent(callback)
    if scene.world.profile.pointer_size == 8:
        add_unwind_rows(scene, callback.owner, [(start, end)])
    else:
        add_guard_table(scene, callback.owner, [start])
    return _set_function(scene, index, callback.function + _into_code(scene))


def function_leaf(scene: Scene, index: int) -> int:
    """A callback has no row in its driver's .pdata: it is a leaf. Its guard table has it."""
    callback = scene.callbacks[index]
    start, end = _extent(callback)
    if scene.world.profile.pointer_size == 8:
        add_unwind_rows(scene, callback.owner, [(start - 8, start), (end, end + 8)])
    add_guard_table(scene, callback.owner, [start - 8, start, end])
    return callback.function


def _into_code(scene: Scene) -> int:
    """Bytes to where driver.c's callback makes STATUS_ACCESS_DENIED its result."""
    return {"x64": 0xD, "x86": 0x15, "arm64": 0x14}[scene.world.profile.architecture]


def _extent(callback: PlacedCallback) -> tuple[int, int]:
    """The RVAs of a callback's function and of the next symbol."""
    base = callback.owner.base
    behind = (each - base for each in callback.owner.symbols.values() if each > callback.function)
    return callback.function - base, min(behind, default=callback.function - base + 0x40)


def function_tiny(scene: Scene, index: int) -> int:
    """A callback is as short as one can be: it returns success, and padding follows."""
    code = bytes.fromhex(_RETURNS_SUCCESS_PADDED[scene.world.profile.architecture])
    return _patch(scene, index, code)


def function_thunk(scene: Scene, index: int) -> int:
    """A callback's Function is a jump to the callback in its own image (incremental linking)."""
    callback = scene.callbacks[index]
    if "DriverUnload" not in callback.owner.symbols:
        raise ValueError(f"{callback.owner.file_name} has no DriverUnload to write over")
    thunk = callback.owner.symbols["DriverUnload"]
    scene.world.space.write(thunk, _jump(scene, thunk, callback.function))
    return _set_function(scene, index, thunk)


def function_foreign(scene: Scene, index: int) -> int:
    """A callback's Function is a function of another driver (Nidhogg)."""
    others = [each for each in scene.world.images.values() if "DriverUnload" in each.symbols]
    other = next(each for each in others if each != scene.callbacks[index].owner)
    return _set_function(scene, index, other.symbols["DriverUnload"])


def function_kernel(scene: Scene, index: int) -> int:
    """A callback's Function is a function of the kernel that is none of its two callbacks."""
    return _set_function(scene, index, scene.world.nt("CmUnRegisterCallback"))


def function_data(scene: Scene, index: int) -> int:
    """A callback's Function lies in its driver's data."""
    return _set_function(scene, index, scene.callbacks[index].context)


def function_discarded(scene: Scene, index: int) -> int:
    """A callback's Function lies in its driver's INIT section."""
    return _set_function(scene, index, scene.callbacks[index].owner.symbols["DriverEntry"])


def kernel_patched(scene: Scene, _: int) -> int:
    """nt!CmRegisterCallbackEx returns at once: nobody can register any more."""
    if scene.world.profile.has_vector:
        raise ValueError(f"{scene.world.profile.name} has no CmRegisterCallbackEx")
    function = scene.world.nt("CmRegisterCallbackEx")
    code = bytes.fromhex(RETURNS[scene.world.profile.architecture])
    scene.world.space.write(function, code)
    return function


def _patch(scene: Scene, index: int, code: bytes) -> int:
    function = scene.callbacks[index].function
    scene.world.space.write(function, code)
    return function


def module_unlinked(scene: Scene, index: int) -> int:
    """A callback's driver is taken out of PsLoadedModuleList; its image is left as it is."""
    images = list(scene.world.images.values())
    entry = scene.modules[images.index(scene.callbacks[index].owner)]
    scene.world.space.unlink(entry)
    return entry


def callback_crashed(scene: Scene, index: int) -> None:
    """A callback raised an access violation, and the machine crashed of it (bug check 0x135)."""
    scene.world.bug_check = (
        _REGISTRY_FILTER_DRIVER_EXCEPTION,
        _STATUS_ACCESS_VIOLATION,
        scene.world.profile.nonpaged_pool + 0x40,  # the CONTEXT
        scene.callbacks[index].function,
        scene.callbacks[index].address,
    )


def _jump(scene: Scene, place: int, destination: int) -> bytes:
    """A direct jump at ``place``: jmp rel32, or b."""
    if scene.world.profile.architecture == "arm64":
        word = 0x1400_0000 | ((destination - place) >> 2) & 0x03FF_FFFF
        return word.to_bytes(4, "little")
    return b"\xe9" + ((destination - place - 5) & 0xFFFF_FFFF).to_bytes(4, "little")


def _set_function(scene: Scene, index: int, function: int) -> int:
    place = scene.function_field(index)
    scene.world.space.write_pointer(place, function)
    return place


DAMAGES = (
    prologue_returns,
    prologue_traps,
    prologue_jumps_out,
    prologue_loads_and_jumps,
    prologue_hotpatched,
    prologue_hotpatch_named,
    prologue_hotpatch_unmarked,
    prologue_hotpatch_foreign,
    prologue_jumps_by_pointer,
    code_changed,
    function_inside,
    function_leaf,
    function_tiny,
    function_thunk,
    function_foreign,
    function_kernel,
    function_data,
    function_discarded,
    kernel_patched,
    module_unlinked,
    callback_crashed,
)
