"""Key objects with their key control blocks (FACTS 5.1 to 5.4)."""

from __future__ import annotations

from ..world import World

__all__ = ["Keys"]

_KEY_BODY_TYPE = 0x6B793032
_COMPRESSED = 1


class Keys:
    """Key objects by path, written when they are first asked for. Addresses are VAs."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._blocks: dict[str, int] = {}
        self._bodies: dict[str, int] = {}

    def body(self, path: str) -> int:
        """The key object of a full path, ``\\REGISTRY\\MACHINE\\SOFTWARE``."""
        if path not in self._bodies:
            self._bodies[path] = self._write_body(path)
        return self._bodies[path]

    def _write_body(self, path: str) -> int:
        world = self._world
        header = world.offsets.field("_OBJECT_HEADER", "Body")
        size = header + world.offsets.size("_CM_KEY_BODY")
        body = world.paged.allocate(size, b"Key ") + header
        block = self._control_block(path)
        world.fill(body, "_CM_KEY_BODY", Type=_KEY_BODY_TYPE, KeyControlBlock=block)
        world.space.link(world.field(body, "_CM_KEY_BODY", "ContextListHead"), [])
        return body

    def _control_block(self, path: str) -> int:
        if not path:
            return 0
        if path not in self._blocks:
            parent, _, name = path.rpartition("\\")
            world = self._world
            block = world.paged.allocate(world.offsets.size("_CM_KEY_CONTROL_BLOCK"), b"CMkb")
            world.fill(
                block,
                "_CM_KEY_CONTROL_BLOCK",
                ParentKcb=self._control_block(parent),
                NameBlock=self._name_block(name),
                FullKCBName=self._unicode_string(path),
            )
            self._blocks[path] = block
        return self._blocks[path]

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
