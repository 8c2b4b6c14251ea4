"""Key objects with their key control blocks (SOURCES 5.1 to 5.4)."""

from __future__ import annotations

from ..world import World

__all__ = ["Keys"]

_KEY_BODY_TYPE = 0x6B793032
_COMPRESSED = 1
_HIVES = ("\\REGISTRY\\MACHINE\\SOFTWARE", "\\REGISTRY\\MACHINE\\SYSTEM")
_ROOT = "ROOT"  # what the root cell of a hive is called
_KEY_HIVE_ENTRY = 4
# Offsets of CM_KEY_SECURITY_CACHE's DescriptorLength and Descriptor, by the pointer's size.
_SECURITY_CACHES = {8: (0x18, 0x20), 4: (0x10, 0x18)}
# O:BAG:SYD:(A;;KA;;;SY)(A;;KA;;;BA)(A;;KR;;;BU), by Wine 8.0's advapi32.
_SECURITY = bytes.fromhex(
    "0100048014000000240000000000000030000000010200000000000520000000200200000101000000000005"
    "1200000002004c0003000000000014003f000f00010100000000000512000000000018003f000f0001020000"
    "000000052000000020020000000018001900020001020000000000052000000021020000"
)
_ROOT_HAS_BLOCK = 14393  # the first build of which that is so (SOURCES 5.4)


class Keys:
    """Key objects by path and process, written when they are first asked for. Addresses are VAs."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._blocks: dict[str, int] = {}
        self._bodies: dict[tuple[str, int], int] = {}
        self._security = 0

    def body(self, path: str, process_id: int) -> int:
        """The key object by which a process has ``\\REGISTRY\\MACHINE\\SOFTWARE`` open."""
        key = (path, process_id)
        if key not in self._bodies:
            self._bodies[key] = self._write_body(path, process_id)
        return self._bodies[key]

    def _write_body(self, path: str, process_id: int) -> int:
        world = self._world
        header = world.offsets.field("_OBJECT_HEADER", "Body")
        size = header + world.offsets.size("_CM_KEY_BODY")
        body = world.paged.allocate(size, b"Key ") + header
        world.fill(
            body,
            "_CM_KEY_BODY",
            Type=_KEY_BODY_TYPE,
            KeyControlBlock=self._control_block(path),
            ProcessID=process_id,
        )
        world.space.link(world.field(body, "_CM_KEY_BODY", "ContextListHead"), [])
        return body

    def _control_block(self, path: str) -> int:
        if not path:
            return 0
        if path not in self._blocks:
            parent, _, name = path.rpartition("\\")
            block = self._write_control_block(self._control_block(parent), name, path)
            # Where a hive is mounted, its root cell has a block of its own.
            if path in _HIVES and self._world.profile.build >= _ROOT_HAS_BLOCK:
                block = self._write_control_block(block, _ROOT, path)
                flags = self._world.field(block, "_CM_KEY_CONTROL_BLOCK", "Flags") + 2
                self._world.space.write_unsigned(flags, 2, _KEY_HIVE_ENTRY)
            self._blocks[path] = block
        return self._blocks[path]

    def _write_control_block(self, parent: int, name: str, path: str) -> int:
        world = self._world
        block = world.paged.allocate(world.offsets.size("_CM_KEY_CONTROL_BLOCK"), b"CMkb")
        world.fill(
            block,
            "_CM_KEY_CONTROL_BLOCK",
            ParentKcb=parent,
            NameBlock=self._name_block(name),
            FullKCBName=self._unicode_string(path),
        )
        pointer = world.profile.pointer_size
        security = world.field(block, "_CM_KEY_CONTROL_BLOCK", "NameBlock") + pointer
        world.space.write_pointer(security, self._security_cache())
        return block

    def _security_cache(self) -> int:
        """One for all keys."""
        if not self._security:
            length, descriptor = _SECURITY_CACHES[self._world.profile.pointer_size]
            cache = self._world.paged.allocate(descriptor + len(_SECURITY), b"CMSc")
            self._world.space.write_unsigned(cache + length, 4, len(_SECURITY))
            self._world.space.write(cache + descriptor, _SECURITY)
            self._security = cache
        return self._security

    def _name_block(self, name: str) -> int:
        world = self._world
        raw = name.upper().encode("latin-1")
        place = world.offsets.field("_CM_NAME_CONTROL_BLOCK", "Name")
        block = world.paged.allocate(place + len(raw), b"CMnb")
        world.space.write_unsigned(block, 4, _COMPRESSED)
        world.fill(block, "_CM_NAME_CONTROL_BLOCK", NameLength=len(raw))
        world.space.write(block + place, raw)
        return block

    def _unicode_string(self, text: str) -> int:
        world = self._world
        string = world.paged.allocate(0x10, b"CMNb")
        buffer, length = world.paged.text(text, b"CMNb", terminated=False)
        world.space.write_unicode_string(string, buffer, length, length)
        return string
