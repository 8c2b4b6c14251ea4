"""The lab's kernel code, run: its own registering must build what the lab lays out in a dump."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab import PROFILES, CallbackTruth, make_dump
from tests.lab.kernel_types import offset_defines
from tests.lab.toolchain import run

pytestmark = pytest.mark.toolchain

SOURCES = Path(__file__).parents[2] / "lab" / "c"
POOL_SIZE = 0x10000
POOL_FILL = 0xAA  # what fresh pool holds

STATUS_SUCCESS = 0
STATUS_FLT_INSTANCE_ALTITUDE_COLLISION = 0xC01C0011
STATUS_INVALID_PARAMETER = 0xC000000D


class ListEntry(ctypes.Structure):
    _fields_ = (("Flink", ctypes.c_uint64), ("Blink", ctypes.c_uint64))


class UnicodeString(ctypes.Structure):
    _fields_ = (
        ("Length", ctypes.c_uint16),
        ("MaximumLength", ctypes.c_uint16),
        ("Buffer", ctypes.c_void_p),
    )


class Block(ctypes.Structure):
    """SOURCES 1.1."""

    _fields_ = (
        ("CallbackListEntry", ListEntry),
        ("PreCallListCount", ctypes.c_int32),
        ("Flags", ctypes.c_uint32),
        ("Cookie", ctypes.c_int64),
        ("CallerContext", ctypes.c_uint64),
        ("Function", ctypes.c_uint64),
        ("Altitude", UnicodeString),
        ("ObjectContextListHead", ListEntry),
    )


class Kernel:
    """The configuration manager's C files as a library of this process."""

    def __init__(self, folder: Path, build: int) -> None:
        (folder / "host.c").write_text("unsigned long KiBugCheckData[5];", encoding="ascii")
        profile = PROFILES[f"x64-{build}"]
        (folder / "offsets.h").write_text(offset_defines(profile), encoding="ascii")
        library = folder / f"kernel{build}.so"
        names = ("callback_list.c", "altitude.c", "pool.c")
        run(
            "clang", "-shared", "-fPIC", "-O1", "-D_WIN64", f"-DLAB_BUILD={build}", f"-I{folder}",
            *(str(SOURCES / name) for name in names), str(folder / "host.c"), "-o", str(library),
        )  # fmt: skip
        self._code = ctypes.CDLL(str(library))
        self._pool = ctypes.create_string_buffer(POOL_SIZE + 16)
        ctypes.memset(self._pool, POOL_FILL, len(self._pool))
        start = ctypes.addressof(self._pool) + 15 & ~15
        ctypes.c_uint64.in_dll(self._code, "MmPagedPoolStart").value = start
        ctypes.c_uint64.in_dll(self._code, "MmPagedPoolEnd").value = start + POOL_SIZE
        self.count = ctypes.c_uint32.in_dll(self._code, "CmpCallBackCount")
        self.last_cookie = ctypes.c_int64.in_dll(self._code, "CmpCallbackCookie")
        self._head = ListEntry.in_dll(self._code, "CallbackListHead")

    def register(self, altitude: str, function: int, context: int = 0) -> tuple[int, int]:
        """The NTSTATUS and the cookie of CmRegisterCallbackEx."""
        text = ctypes.create_string_buffer(altitude.encode("utf-16-le"))
        size = 2 * len(altitude)
        string = UnicodeString(size, size, ctypes.addressof(text))
        cookie = ctypes.c_int64()
        status = self._code.CmRegisterCallbackEx(
            ctypes.c_void_p(function), ctypes.byref(string), ctypes.c_void_p(1),
            ctypes.c_void_p(context), ctypes.byref(cookie), None,
        )  # fmt: skip
        return status & 0xFFFFFFFF, cookie.value

    def register_legacy(self, function: int) -> int:
        """The cookie of CmRegisterCallback."""
        cookie = ctypes.c_int64()
        self._code.CmRegisterCallback(ctypes.c_void_p(function), None, ctypes.byref(cookie))
        return cookie.value

    def register_internal(self, callback: CallbackTruth) -> None:
        text = ctypes.create_string_buffer((callback.altitude or "").encode("utf-16-le"))
        size = 2 * len(callback.altitude or "")
        string = UnicodeString(size, size, ctypes.addressof(text))
        cookie = ctypes.c_int64()
        self._code.CmRegisterInternalCallback(
            ctypes.c_void_p(callback.function), ctypes.byref(string),
            ctypes.c_void_p(callback.context), ctypes.byref(cookie),
        )  # fmt: skip

    def unregister(self, cookie: int) -> int:
        return int(self._code.CmUnRegisterCallback(ctypes.c_int64(cookie))) & 0xFFFFFFFF

    def compare(self, first: str, second: str) -> int:
        """RtlCompareAltitudes, as -1, 0 or 1."""
        texts = [ctypes.create_string_buffer(each.encode("utf-16-le")) for each in (first, second)]
        strings = [
            UnicodeString(2 * len(each), 2 * len(each), ctypes.addressof(text))
            for each, text in zip((first, second), texts)
        ]
        order: int = self._code.RtlCompareAltitudes(*map(ctypes.byref, strings))
        return (order > 0) - (order < 0)

    def blocks(self) -> Iterator[Block]:
        """The list, head.Flink first."""
        entry = self._head.Flink
        while entry != ctypes.addressof(self._head):
            block = Block.from_address(entry)
            yield block
            entry = block.CallbackListEntry.Flink


def altitude_of(block: Block) -> str:
    raw = ctypes.string_at(block.Altitude.Buffer, block.Altitude.Length)
    return raw.decode("utf-16-le")


def tag_before(address: int) -> bytes:
    return ctypes.string_at(address - 0xC, 4)


@pytest.fixture
def kernel(tmp_path: Path) -> Kernel:
    return Kernel(tmp_path, 19041)


def test_registering_builds_what_a_dump_shows(kernel: Kernel, tmp_path: Path) -> None:
    truth = make_dump(tmp_path / "a.dmp", "x64-19041", callbacks=12)
    for callback in sorted(truth.callbacks, key=lambda each: each.registration):
        kernel.last_cookie.value = callback.cookie - 1
        if callback.internal:
            kernel.register_internal(callback)
        else:
            assert callback.altitude is not None
            kernel.register(callback.altitude, callback.function, callback.context)
    built = [
        (altitude_of(block), block.Function, block.CallerContext, block.Cookie, block.Flags)
        for block in kernel.blocks()
    ]
    assert built == [
        (each.altitude, each.function, each.context, each.cookie, int(each.internal))
        for each in truth.callbacks
    ]
    assert kernel.count.value == truth.count


def test_blocks_and_altitudes_are_pool_of_their_own(kernel: Kernel) -> None:
    kernel.register("328010.5", 0x1000)
    (block,) = kernel.blocks()
    assert block.Altitude.Length == block.Altitude.MaximumLength == 16
    assert tag_before(ctypes.addressof(block)) == b"CMcb"
    assert tag_before(block.Altitude.Buffer) == b"CMca"
    head = ctypes.addressof(block) + Block.ObjectContextListHead.offset
    assert block.ObjectContextListHead.Flink == block.ObjectContextListHead.Blink == head


def test_an_equal_altitude_collides_and_costs_a_cookie(kernel: Kernel) -> None:
    assert kernel.register("328010", 1) == (STATUS_SUCCESS, 1)
    status, _ = kernel.register("0328010.0", 2)
    assert status == STATUS_FLT_INSTANCE_ALTITUDE_COLLISION
    assert (kernel.count.value, kernel.last_cookie.value) == (1, 2)


def test_legacy_callbacks_share_an_altitude_in_order(kernel: Kernel) -> None:
    for function in (1, 2, 3):
        kernel.register_legacy(function)
    assert [(altitude_of(each), each.Function) for each in kernel.blocks()] == [
        ("425000", 1), ("425000", 2), ("425000", 3),
    ]  # fmt: skip


def test_unregistering_unlinks_by_cookie(kernel: Kernel) -> None:
    cookies = [kernel.register(altitude, 1)[1] for altitude in ("1", "2", "3")]
    assert kernel.unregister(cookies[1]) == STATUS_SUCCESS
    assert [altitude_of(block) for block in kernel.blocks()] == ["3", "1"]
    assert kernel.count.value == 2
    assert kernel.unregister(cookies[1]) == STATUS_INVALID_PARAMETER


def test_before_1703_the_flags_are_left_as_the_pool_had_them(tmp_path: Path) -> None:
    kernel = Kernel(tmp_path, PROFILES["x64-10586"].build)
    kernel.register("328010", 1)
    (block,) = kernel.blocks()
    assert block.Flags == int.from_bytes(bytes([POOL_FILL] * 4), "little")


@pytest.mark.parametrize(
    ("first", "second", "order"),
    [
        ("328010", "328010", 0),
        ("0328010.0", "328010", 0),
        ("99999", "328010", -1),
        ("328010.5", "328010", 1),
        ("328010.5", "328010.45", 1),
        ("328010.50", "328010.5", 0),
        ("328010.123", "328010.1234", -1),
        ("0", "", 0),
        ("385201", "385200.99999999999999999999", 1),
    ],
)
def test_altitudes_compare_as_decimals_of_any_length(
    kernel: Kernel, first: str, second: str, order: int
) -> None:
    assert kernel.compare(first, second) == order
    assert kernel.compare(second, first) == -order
