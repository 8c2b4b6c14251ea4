"""Writing a script into the lab's memory: OPERATION, WORK and DRIVER of c/operation.h."""

from __future__ import annotations

from typing import NamedTuple

from ..world import World
from .keys import Keys
from .script import KINDS, Operation, Work

__all__ = ["WorkWriter", "Written"]

_OPERATION_SIZE, _WORK_SIZE, _DRIVER_SIZE = 0x38, 0x10, 0x160
_OBJECT = 0x10  # DRIVER.Object
_DRIVER_TYPE = 4  # IO_TYPE_DRIVER
_SERVICES = "\\Registry\\Machine\\System\\CurrentControlSet\\Services\\"


class Written(NamedTuple):
    """VAs of a WORK and of its OPERATIONs."""

    address: int
    operations: list[int]


class WorkWriter:
    """``modules``: entries of PsLoadedModuleList by file name, VAs."""

    def __init__(self, world: World, modules: dict[str, int]) -> None:
        self._world = world
        self._modules = modules
        self._drivers: dict[str, int] = {}
        self._keys = Keys(world)

    def write(self, work: Work) -> Written:
        """Writes the operations of a thread."""
        world, space = self._world, self._world.space
        place = world.nonpaged.allocate(_WORK_SIZE, b"LabW")
        array = world.nonpaged.allocate(_OPERATION_SIZE * len(work.operations), b"LabO")
        operations = [array + index * _OPERATION_SIZE for index in range(len(work.operations))]
        space.write_pointer(place, array)
        space.write_unsigned(place + 8, 4, len(work.operations))
        space.write_unsigned(place + 12, 4, work.rounds)
        for address, operation in zip(operations, work.operations):
            self._write_operation(address, operation)
        return Written(place, operations)

    def _write_operation(self, place: int, operation: Operation) -> None:
        world, space = self._world, self._world.space
        space.write_unsigned(place, 4, KINDS[operation.kind])
        space.write_unsigned(place + 4, 4, operation.access)
        if operation.key:
            space.write_pointer(place + 8, self._keys.body(operation.key))
        if operation.kind.endswith("-driver"):
            space.write_pointer(place + 0x20, self._driver(operation.name))
        elif operation.data:
            data = world.nonpaged.allocate(len(operation.data), b"LabD")
            space.write(data, operation.data)
            space.write_pointer(place + 0x20, data)
        buffer, length = world.nonpaged.text(operation.name, b"LabN", terminated=False)
        space.write_unicode_string(place + 0x10, buffer, length, length)
        space.write_unsigned(place + 0x28, 4, len(operation.data))
        space.write_unsigned(place + 0x2C, 4, operation.type)

    def _driver(self, file_name: str) -> int:
        if file_name not in self._drivers:
            self._drivers[file_name] = self._write_driver(file_name)
        return self._drivers[file_name]

    def _write_driver(self, file_name: str) -> int:
        world, space = self._world, self._world.space
        image = world.images[file_name].image
        driver = world.nonpaged.allocate(_DRIVER_SIZE, b"Driv")
        path = world.nonpaged.allocate(0x10, b"LabN")
        text = _SERVICES + file_name.removesuffix(".sys")
        buffer, length = world.nonpaged.text(text, b"LabN", terminated=False)
        space.write_unicode_string(path, buffer, length, length)
        space.write_pointer(driver, self._modules[file_name])
        space.write_pointer(driver + 8, path)
        world.fill(
            driver + _OBJECT,
            "_DRIVER_OBJECT",
            Type=_DRIVER_TYPE,
            Size=world.offsets.size("_DRIVER_OBJECT"),
            DriverStart=image.base,
            DriverSize=image.size,
            DriverSection=self._modules[file_name],
        )
        return driver
