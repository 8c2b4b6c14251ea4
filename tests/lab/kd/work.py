"""Writing a script into the lab's memory: the structures of c/operation.h and c/stage.h."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import NamedTuple

from ..world import World
from .keys import Keys
from .script import ACTS, KINDS, Act, Actor, Operation, Work

__all__ = ["ACTOR_SIZE", "CALLBACK_FUNCTIONS", "COUNT", "STAGE", "STATUS", "WorkWriter", "Written"]

STAGE = "stage.sys"

_OPERATION_SIZE, _WORK_SIZE, _DRIVER_SIZE = 0x38, 0x10, 0x160
STATUS, COUNT = 0x30, 0x34  # of an OPERATION
ACTOR_SIZE, _ACT_SIZE = 0x30, 0x18
_ACTORS, CALLBACK_FUNCTIONS = 64, 16
_STAGE_CALLS = {"register-callback": "StageRegister", "unregister-callback": "StageUnregister"}
_SYSTEM = 4  # whose handles are a driver's
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
        self._stage = world.images[STAGE].symbols

    def write(self, work: Work) -> Written:
        """Writes the operations of a thread."""
        return self._write_work(work.operations, work.rounds, work.process_id)

    def _write_work(self, wanted: Sequence[Operation], rounds: int, process_id: int) -> Written:
        world, space = self._world, self._world.space
        place = world.nonpaged.allocate(_WORK_SIZE, b"LabW")
        array = world.nonpaged.allocate(_OPERATION_SIZE * len(wanted), b"LabO")
        operations = [array + index * _OPERATION_SIZE for index in range(len(wanted))]
        space.write_pointer(place, array)
        space.write_unsigned(place + 8, 4, len(wanted))
        space.write_unsigned(place + 12, 4, rounds)
        for address, operation in zip(operations, wanted):
            self._write_operation(address, operation, process_id)
        return Written(place, operations)

    def actor(self, number: int) -> int:
        """The VA of an ACTOR in the driver's memory."""
        return self._stage["g_Actors"] + number * ACTOR_SIZE

    def write_actors(self, actors: Sequence[Actor]) -> None:
        """Tells the callbacks of stage.sys what to do. Raises ValueError for too many."""
        if len(actors) > _ACTORS:
            raise ValueError(f"{len(actors)} actors: stage.sys has {_ACTORS} actors")
        world, space = self._world, self._world.space
        for number, actor in enumerate(actors):
            place = self.actor(number)
            buffer, length = world.nonpaged.text(actor.altitude, b"LabN", terminated=False)
            space.write_unicode_string(place, buffer, length, length)
            if actor.acts:
                space.write_pointer(place + 0x20, self._write_acts(actor.acts))
            space.write_unsigned(place + 0x28, 4, len(actor.acts))
            space.write_unsigned(place + 0x2C, 4, int(actor.at_load))

    def _write_acts(self, acts: Sequence[Act]) -> int:
        array = self._world.nonpaged.allocate(_ACT_SIZE * len(acts), b"LabA")
        for index, act in enumerate(acts):
            argument = 0
            if act.operations:
                argument = self._write_work(act.operations, 1, _SYSTEM).address
            elif act.kind in ("register", "unregister"):
                argument = self.actor(act.actor)
            words = (act.notify_class, ACTS.index(act.kind), act.status, act.times, argument)
            self._world.space.write(array + index * _ACT_SIZE, struct.pack("<4IQ", *words))
        return array

    def _write_operation(self, place: int, operation: Operation, process_id: int) -> None:
        world, space = self._world, self._world.space
        space.write_unsigned(place, 4, KINDS[operation.kind])
        space.write_unsigned(place + 4, 4, operation.access)
        if operation.key:
            space.write_pointer(place + 8, self._keys.body(operation.key, process_id))
        if operation.kind.endswith("-driver"):
            space.write_pointer(place + 0x20, self._driver(operation.name))
        elif operation.kind in _STAGE_CALLS:
            space.write_pointer(place + 8, self.actor(operation.actor))
            space.write_pointer(place + 0x20, self._stage[_STAGE_CALLS[operation.kind]])
        elif operation.kind == "init-callbacks":
            space.write_pointer(place + 0x20, world.nt("CmpInitCallbacks"))
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
