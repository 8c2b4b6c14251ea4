"""Code that was written over, and functions that were exchanged: what public tools do to blind a
driver (SOURCES 7.1), and what Windows itself does that looks like it."""

from __future__ import annotations

from ..loaded_modules import rename_module
from ..scene import Scene

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
    images = list(scene.world.images.values())
    other = next(each for each in images[1:] if each.file_name == "oldfilt.sys")
    stem = scene.callbacks[index].owner.file_name.partition(".")[0]
    rename_module(scene.world, scene.modules[images.index(other)], f"{stem}_hotpatch.sys")
    return _patch(scene, index, _jump(scene, scene.callbacks[index].function, other.base + 0x1000))


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
